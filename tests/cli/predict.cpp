// phatgoose predict on golden bases: rows of ids without a tokenizer, and text with one.
#include <catch2/catch.hpp>
#include <numeric>
#include <sstream>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_directory.h"
#include "support/golden.h"
#include "support/gzip.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

constexpr const char* kGenerate = R"({"input_ids": [5, 6, 7, 1], "id": "first"})";
constexpr const char* kChoose = R"({"input_ids": [5, 6, 7, 1], "choices_ids": [[8, 1], [9, 10, 1]]})";

/// A scratch directory with a golden base and a routed model of two golden experts on it.
class PredictFiles {
 public:
  PredictFiles() {
    std::filesystem::copy(golden_path("t5_v1_1") / "model", directory_ / "base");
    std::filesystem::copy(golden_path("experts"), directory_ / "experts", std::filesystem::copy_options::recursive);
    RoutedModelManifest manifest;
    manifest.base_path = directory_ / "base";
    manifest.base_fingerprint = base_fingerprint(directory_ / "base");
    for (const char* name : {"wide", "attention"}) {
      const ExpertDirectory expert = ExpertDirectory::open(directory_ / "experts" / name);
      manifest.experts.push_back(
          {name,
           std::string("../experts/") + name,
           {{"adapter_model.safetensors", expert.adapter_hash()}, {"gate.safetensors", expert.gate_hash()}}});
    }
    std::filesystem::create_directories(directory_ / "routed");
    write_routed_model(directory_ / "routed", manifest);
  }

  const std::filesystem::path& path() const { return directory_.path(); }

  Outcome predict(const std::string& arguments, const std::string& input) const {
    return phatgoose_line("predict --model " + (directory_ / "base").string() + " " + arguments, input);
  }

 private:
  ScratchDirectory directory_;
};

std::vector<Json> json_lines(const std::string& text) {
  std::vector<Json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
  return lines;
}

double total(const Json& weights) {
  return std::accumulate(weights.begin(), weights.end(), 0.0,
                         [](double sum, const Json& weight) { return sum + weight.get<double>(); });
}

}  // namespace

TEST_CASE("predict answers rows of ids, one line each, in order") {
  const PredictFiles files;
  const Outcome outcome =
      files.predict("--json --max-new-tokens 4", std::string(kGenerate) + "\n" + kChoose + "\n" + kGenerate + "\n");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const std::vector<Json> lines = json_lines(outcome.out);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0]["id"] == "first");
  CHECK(lines[0]["output_ids"].size() <= 4);
  CHECK_FALSE(lines[0].contains("choice"));
  CHECK(lines[1]["log_likelihoods"].size() == 2);
  CHECK(lines[1]["num_tokens"] == Json({2, 3}));
  const bool second =
      lines[1]["log_likelihoods"][1].get<double>() / 3 > lines[1]["log_likelihoods"][0].get<double>() / 2;
  CHECK(lines[1]["choice"] == (second ? 1 : 0));
  CHECK(lines[1]["output_ids"] == (second ? Json({9, 10, 1}) : Json({8, 1})));
  CHECK(lines[2] == lines[0]);
}

TEST_CASE("choices compete by their tokens' mean, or by the sum") {
  const PredictFiles files;
  // The longer choice begins like the shorter one: its sum is the smaller whatever the model says, its mean need not
  // be.
  const std::string row = R"({"input_ids": [5, 6, 7, 1], "choices_ids": [[8], [8, 9, 9, 9, 9, 9, 9, 9]]})";
  const Json mean = json_lines(files.predict("--json", row).out).at(0);
  const Json sum = json_lines(files.predict("--json --length-normalise false", row).out).at(0);
  CHECK(sum["log_likelihoods"] == mean["log_likelihoods"]);
  const double one = mean["log_likelihoods"][0], eight = mean["log_likelihoods"][1];
  REQUIRE(one > eight);
  REQUIRE(one < eight / 8);
  CHECK(mean["choice"] == 1);
  CHECK(sum["choice"] == 0);
}

TEST_CASE("predict gives the same answers one by one and together, from stdin and from a file") {
  const PredictFiles files;
  const std::string rows = std::string(kGenerate) + "\n" + kChoose + "\n" + kGenerate + "\n";
  write_text(files.path() / "rows.jsonl", rows);
  const Outcome together = files.predict("--max-new-tokens 5", rows);
  const Outcome apart = files.predict("--max-new-tokens 5 --pass-rows 1", rows);
  const Outcome from_file = files.predict("--max-new-tokens 5 " + (files.path() / "rows.jsonl").string(), "");
  CHECK(together.code == 0);
  CHECK(together.out == apart.out);
  CHECK(together.out == from_file.out);
}

TEST_CASE("predict --explain gives every answer's experts, whose weights add up to 1") {
  const PredictFiles files;
  const std::string routed = "--routed " + (files.path() / "routed").string();
  const Outcome outcome =
      files.predict(routed + " --explain --json --max-new-tokens 4", std::string(kGenerate) + "\n" + kChoose + "\n");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const Json& line : json_lines(outcome.out)) {
    REQUIRE(line["experts"].size() == 2);
    CHECK(line["experts"]["wide"].get<double>() > 0.0);
    CHECK(line["experts"]["attention"].get<double>() > 0.0);
    CHECK(total(line["experts"]) == Approx(1.0));
  }
  const Outcome plain = files.predict(routed + " --explain --max-new-tokens 4", kGenerate);
  CHECK_THAT(plain.out, Catch::Contains("\twide 0.") && Catch::Contains("\tattention 0."));
  const Outcome silent = files.predict(routed + " --max-new-tokens 4", kGenerate);
  CHECK(plain.out.substr(0, plain.out.find('\t')) + "\n" == silent.out);
}

TEST_CASE("predict --explain tokens gives every token's experts, in each linear and their mean") {
  const PredictFiles files;
  const std::string explain = "--routed " + (files.path() / "routed").string() + " --explain tokens ";
  const Outcome outcome = files.predict(explain + "--json", kChoose);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const Json line = json_lines(outcome.out).at(0), routing = line["routing"];
  CHECK(total(line["experts"]) == Approx(1.0));
  const std::size_t answer = line["output_ids"].size();
  for (const auto& [side, tokens] : {std::pair<const char*, std::size_t>("input", 4), {"answer", answer}}) {
    REQUIRE(routing[side]["tokens"].size() == tokens);
    for (const Json& token : routing[side]["tokens"]) CHECK(total(token["experts"]) == Approx(1.0));
    CHECK(routing[side]["linears"].size() > 10);
    for (const Json& linear : routing[side]["linears"]) {
      REQUIRE(linear.size() == tokens);
      for (const Json& experts : linear) CHECK(total(experts) == Approx(1.0));
    }
  }
  CHECK(routing["input"]["tokens"][1]["id"] == 6);
  CHECK(routing["input"]["linears"].contains("decoder.block.0.layer.1.EncDecAttention.k"));

  const Outcome plain = files.predict(explain, kChoose);
  CHECK_THAT(plain.out, Catch::Matches("[0-9 ]+\t5/(wide|attention) 6/.* 1/(wide|attention)\t[0-9]+/.*\n"));
  const Outcome part = files.predict(explain + "--json --explain-module encoder.block.0", kChoose);
  const Json confined = json_lines(part.out).at(0)["routing"];
  CHECK(confined["input"]["linears"].contains("encoder.block.0.layer.0.SelfAttention.q"));
  CHECK(confined["answer"]["linears"].empty());
  CHECK(confined["answer"]["tokens"][0]["experts"].empty());
}

TEST_CASE("predict answers every line, blank ones as empty texts") {
  const std::string predict = "predict --max-new-tokens 3 --model " PHATGOOSE_TESTS_DIR "/../assets/base --format ";
  for (const std::string format : {"auto", "text", "jsonl"}) {
    const std::string row = format == "jsonl" ? R"({"input": "the sea"})" : "the sea";
    const Outcome outcome = phatgoose_line(predict + format, row + "\n\n \n" + row + "\n");
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(std::ranges::count(outcome.out, '\n') == 4);
    CHECK_THAT(outcome.err, Catch::Contains("2 of 4 inputs are empty"));
  }
}

TEST_CASE("predict with an expert differs from the base") {
  const PredictFiles files;
  const Outcome base = files.predict("--json", kChoose);
  const Outcome expert = files.predict("--json --expert " + (files.path() / "experts/wide").string(), kChoose);
  REQUIRE(expert.code == 0);
  CHECK(json_lines(base.out)[0]["log_likelihoods"] != json_lines(expert.out)[0]["log_likelihoods"]);
}

TEST_CASE("predict answers what comes before a bad row, and then names it") {
  const PredictFiles files;
  const Outcome outcome = files.predict("--json --max-new-tokens 2", std::string(kGenerate) + "\n{\"input_ids\": 3}\n");
  CHECK(outcome.code == 3);
  CHECK(json_lines(outcome.out).size() == 1);
  CHECK_THAT(outcome.err, Catch::Contains("stdin:2"));
}

TEST_CASE("predict answers the same rows alike from a file, a pipe and gzip, with a byte-order mark or without") {
  const PredictFiles files;
  const std::string rows = std::string(kGenerate) + "\r\n" + kChoose + "\r\n" + kGenerate;
  const std::string marked = "\xEF\xBB\xBF" + rows, d = files.path();
  write_text(files.path() / "marked.jsonl", marked);
  write_gzip(files.path() / "marked.gz", marked);
  const std::string settings = "--json --max-new-tokens 4 ";
  const Outcome plain = files.predict(settings, rows);
  REQUIRE(plain.code == 0);
  CHECK(json_lines(plain.out).size() == 3);
  CHECK(files.predict(settings, marked).out == plain.out);
  CHECK(files.predict(settings, read_text(files.path() / "marked.gz")).out == plain.out);
  CHECK(files.predict(settings + d + "/marked.jsonl", "").out == plain.out);
  CHECK(files.predict(settings + d + "/marked.gz", "").out == plain.out);
  CHECK(files.predict(settings + "--format jsonl " + d + "/marked.gz", "").out == plain.out);
}

TEST_CASE("predict says which rows have choices that the model cannot tell apart") {
  const PredictFiles files;
  const std::string alike = R"({"input_ids": [5, 6, 1], "choices_ids": [[8, 1], [8, 1]]})";
  const Outcome outcome = files.predict("--json --log quiet", std::string(kChoose) + "\n" + alike + "\n");
  REQUIRE(outcome.code == 0);
  const std::vector<Json> lines = json_lines(outcome.out);
  CHECK_FALSE(lines[0].contains("choices_alike"));
  CHECK(lines[1]["choices_alike"] == true);
  CHECK(lines[1]["choice"] == 0);
  CHECK_THAT(outcome.err, Catch::StartsWith("warning: stdin: 1 of 2 rows have choices with identical tokens") &&
                              Catch::Contains("line 2"));
}

TEST_CASE("predict with a modular adapter answers each row as its task") {
  const PredictFiles files;
  std::filesystem::copy(golden_path("modular_poly/adapter"), files.path() / "poly",
                        std::filesystem::copy_options::recursive);
  const std::string poly = "--modular " + (files.path() / "poly").string();
  const std::string named = R"({"task": "2", )" + std::string(kChoose).substr(1);
  const Outcome outcome = files.predict("--json --task 0 " + poly, std::string(kChoose) + "\n" + named + "\n");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const std::vector<Json> lines = json_lines(outcome.out);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0]["log_likelihoods"] != lines[1]["log_likelihoods"]);
  CHECK(files.predict("--unknown-task mean " + poly, kChoose).code == 0);
  const std::string with = "predict --model DIR/base --modular DIR/poly ";
  check_bad_use(files.path(),
                {
                    {with, 3, {"stdin:1: ", "no task", "--task"}, kChoose},
                    {with, 3, {"stdin:1: ", "task \"22\""}, R"({"input_ids": [5, 1], "task": "22"})"},
                    {with, 3, {"stdin:1: ", "\"task\""}, R"({"input_ids": [5, 1], "task": 2})"},
                    {with + "--task 7", 2, {"--task", "\"7\"", "one of its tasks: 0, 1, 2"}, kChoose},
                    {with + "--expert DIR/experts/wide", 2, {"--expert, --modular", "at most one"}, kChoose},
                    {with + "--routed DIR/routed", 2, {"--routed, --modular", "at most one"}, kChoose},
                    {with + "--task 1 --explain", 2, {"--explain", "no --routed"}, kChoose},
                    {"predict --model DIR/base --task 1", 2, {"--task", "no --modular"}, kChoose},
                    {"predict --model DIR/base --unknown-task mean", 2, {"--unknown-task", "no --modular"}, kChoose},
                });
}

TEST_CASE("bad use of predict") {
  const PredictFiles files;
  write_text(files.path() / "elsewhere/manifest.json", "{}");
  const std::string d = files.path(), build = "build --model " + d + "/base --router token-oracle --expert ";
  REQUIRE(phatgoose_line(build + d + "/experts/wide --out " + d + "/by-label").code == 0);
  const std::string base = "predict --model DIR/base ";
  check_bad_use(
      files.path(),
      {
          {"predict", 2, {"--model"}},
          {"predict --model DIR/none", 3, {"none"}, kGenerate},
          {base + "--expert DIR/experts/wide --routed DIR/routed", 2, {"--routed", "at most one"}, kGenerate},
          {base + "--explain", 2, {"--explain", "--routed"}, kGenerate},
          {base + "--routed DIR/routed --explain-module encoder", 2, {"--explain-module", "no --explain"}, kGenerate},
          {base + "--routed DIR/routed --explain --explain-module encode",
           2,
           {"--explain-module", "no linear below", "encoder.block.0"},
           kGenerate},
          {base, 3, {"stdin:1: ", "a row of text"}, "\n"},
          {base + "--k 1", 2, {"--k", "--routed"}, kGenerate},
          {base + "--encoder DIR/none", 2, {"--encoder", "--routed"}, kGenerate},
          {base + "--routed DIR/routed --encoder DIR/none", 2, {"--encoder", "compares inputs"}, kGenerate},
          {base + "--routed DIR/by-label", 2, {"--routed", "token-oracle", "phatgoose eval"}, kGenerate},
          {base + "--routed DIR/elsewhere", 3, {"elsewhere"}, kGenerate},
          {base + "--expert DIR/none", 3, {"none"}, kGenerate},
          {base + "DIR/no-rows.jsonl", 3, {"no-rows.jsonl"}},
          {base + "--format xml", 2, {"xml", "jsonl"}, kGenerate},
          {base + "--pass-rows 0", 2, {"pass-rows"}, kGenerate},
          {base, 3, {"stdin:1: "}, "text for a base without tokenizer\n"},
          {base, 3, {"stdin:1: "}, "{\"input_ids\": [5, 100000]}\n"},
          {base + "--max-line-bytes 9", 3, {"stdin:1: ", "more than 9 bytes", "--max-line-bytes"}, kGenerate},
          {base, 3, {"stdin:1: column 3: ", "0xE4", "UTF-8"}, "{ \xE4}\n"},
          {base, 3, {"stdin: UTF-16 text"}, std::string("\xFF\xFE{\0", 4)},
          {base,
           3,
           {"stdin: xz data"},
           "\xFD"
           "7zXZ" +
               std::string(1, '\0')},
          {base + "--max-input 1", 2, {"--max-input"}, kGenerate},
          {base, 3, {"stdin:1"}, "{\"input_ids\": [5\n"},
      });
}
