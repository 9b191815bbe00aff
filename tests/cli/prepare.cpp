// phatgoose prepare, and what build and eval make of it: what is written, and what is refused.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/random.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/stored_embeddings.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kModel = golden_path("t5_v1_1/model");
const std::string kTextModel = golden_path("../../assets/base").lexically_normal();
const std::string kEncoder = golden_path("encoder/model");

constexpr const char* kIdRow = R"({"input_ids": [5, 6, 7, 1], "target_ids": [8, 1]})";
constexpr const char* kTextRows =
    "{\"input\": \"Who feeds the cat?\", \"target\": \"Anna\", \"choices\": [\"Anna\", \"Lucy\"]}\n"
    "{\"input\": \"Who feeds the dog?\", \"target\": \"Paul\", \"choices\": [\"Anna\", \"Paul\"]}\n";

void copy_expert(const std::string& name, const std::filesystem::path& to) {
  std::filesystem::copy(golden_path("experts/" + name), to, std::filesystem::copy_options::recursive);
}

/// An expert of random factors on every linear of the base that reads text.
void write_text_expert(const std::filesystem::path& directory, std::uint64_t seed) {
  RandomStream random(seed);
  const std::vector<LinearSpec> linears = adapted_linears(read_t5_config(kTextModel));
  std::vector<std::vector<float>> numbers;
  std::vector<LoraTensors> loras;
  for (const LinearSpec& linear : linears) {
    for (const std::int64_t size : {linear.in, linear.out}) {
      std::vector<float>& values = numbers.emplace_back(size);
      for (float& value : values) value = static_cast<float>(0.1 * random.normal());
    }
    loras.push_back({linear.path, linear.in, linear.out, 1, nullptr, nullptr});
  }
  for (std::size_t l = 0; l < loras.size(); ++l) {
    loras[l].a = numbers[2 * l].data();
    loras[l].b = numbers[2 * l + 1].data();
  }
  write_adapter(directory, loras, 1, "base");
}

void write_foreign_embeddings(const std::filesystem::path& expert, const std::string& encoder, float length = 1) {
  const std::vector<float> row = {length, 0, 0, 0};
  const std::string adapter = ExpertDirectory::open(expert).adapter_hash();
  write_embeddings(expert / "retrieval.safetensors", {DType::f32, {1, 4}, std::as_bytes(std::span(row))}, encoder,
                   "fingerprint of " + encoder, "{\"adapter\": \"" + adapter + "\"}");
}

}  // namespace

TEST_CASE("prepare writes beside the expert, prints its directory, and does nothing twice") {
  const ScratchDirectory scratch;
  copy_expert("wide", scratch / "wide");
  copy_expert("narrow", scratch / "narrow");
  write_text(scratch / "rows.jsonl", std::string(kIdRow) + "\n" + kIdRow + "\n");
  const std::string wide = scratch / "wide", narrow = scratch / "narrow";
  const std::string arrow = "prepare --model " + kModel + " --router arrow --expert " + wide + " " + narrow;
  const Outcome first = phatgoose_line(arrow);
  INFO(first.err);
  CHECK(first.code == 0);
  CHECK(first.out == wide + "\n" + narrow + "\n");
  const std::string bytes = read_text(scratch / "wide/arrow.safetensors");
  const Outcome again = phatgoose_line(arrow);
  CHECK(again.code == 0);
  CHECK_THAT(again.err, Catch::Contains("arrow.safetensors is finished"));
  CHECK(read_text(scratch / "wide/arrow.safetensors") == bytes);

  const Outcome library =
      phatgoose_line("prepare --model " + kModel + " --router arrow --library " + scratch.path().string());
  CHECK(library.code == 0);
  CHECK(library.out == narrow + "\n" + wide + "\n");

  write_text(scratch / "wide/arrow.safetensors", bytes.substr(0, bytes.size() / 2));  // damaged: made anew
  CHECK(phatgoose_line(arrow).code == 0);
  CHECK(read_text(scratch / "wide/arrow.safetensors") == bytes);

  std::string flipped = bytes;
  flipped.back() ^= 1;  // a number that is a little different
  write_text(scratch / "wide/arrow.safetensors", flipped);
  CHECK_THAT(phatgoose_line(arrow).err, Catch::Contains("wrote " + wide + "/arrow.safetensors"));
  CHECK(read_text(scratch / "wide/arrow.safetensors") == bytes);

  const std::string average = "prepare --model " + kModel + " --router average-activation --expert " + wide +
                              " --data " + (scratch / "rows.jsonl").string();
  CHECK(phatgoose_line(average).code == 0);
  const std::string means = read_text(scratch / "wide/average-activation.safetensors");
  CHECK_THAT(phatgoose_line(average).err, Catch::Contains("is finished"));
  const SafetensorsFile file(scratch / "wide/average-activation.safetensors");
  const Json made_from = Json::parse(file.metadata().at("made_from"));
  CHECK(made_from["adapter"] == ExpertDirectory::open(wide).adapter_hash());
  CHECK(made_from["base"] == base_fingerprint(kModel));
  CHECK(made_from["data"] == Json::array({content_hash_of_file(scratch / "rows.jsonl")}));
  CHECK(made_from["examples"] == 1000);
  write_text(scratch / "rows.jsonl", "{\"input_ids\": [9, 1], \"target_ids\": [10, 11, 1]}\n");
  CHECK_THAT(phatgoose_line(average).err, Catch::Contains("wrote"));  // other rows: made anew
  CHECK(read_text(scratch / "wide/average-activation.safetensors") != means);
}

TEST_CASE("prepare refuses bad use, and leaves the experts as they are") {
  const ScratchDirectory scratch;
  copy_expert("wide", scratch / "wide");
  copy_expert("narrow", scratch / "narrow");
  copy_expert("wide", scratch / "cut");
  const std::string adapter = read_text(scratch / "cut/adapter_model.safetensors");
  write_text(scratch / "cut/adapter_model.safetensors", adapter.substr(0, adapter.size() / 2));
  write_text(scratch / "rows.jsonl", std::string(kIdRow) + "\n");
  write_text(scratch / "big.jsonl", std::string(kIdRow) + "\n{\"input_ids\": [5000, 1], \"target_ids\": [8, 1]}\n");
  write_text(scratch / "broken.jsonl", std::string(kIdRow) + "\n{\"input_ids\": [5\n");
  write_text(scratch / "empty.jsonl", "");
  write_text(scratch / "text.jsonl", kTextRows);
  const std::string model = "prepare --model " + kModel + " ";
  const std::string one = model + "--expert DIR/wide ";
  const std::string average = one + "--router average-activation ", retrieval = one + "--router retrieval ";
  const std::string other = golden_path("t5_v1_0/model");
  check_bad_use(
      scratch.path(),
      {
          {"prepare", 2, {"--model: missing"}},
          {one, 2, {"--router: missing"}},
          {model + "--router arrow", 2, {"--expert: no expert", "--library"}},
          {one + "--router arow", 2, {"--router", "arow", "arrow"}},
          {one + "--router phatgoose", 2, {"--router", "average-activation, arrow"}},
          {one + "--router arrow --data DIR/rows.jsonl", 2, {"--router arrow", "--data"}},
          {one + "--router arrow --encoder " + kEncoder, 2, {"--encoder", "only retrieval has an encoder"}},
          {average + "--data DIR/rows.jsonl --encoder " + kEncoder, 2, {"--encoder", "only retrieval has an encoder"}},
          {average, 2, {"no --data"}},
          {retrieval, 2, {"no --data"}},
          {average + "--expert DIR/narrow --data DIR/rows.jsonl", 2, {"2 experts"}},
          {model + "--expert DIR/wide DIR/narrow --router average-activation --data DIR/rows.jsonl", 2, {"2 experts"}},
          {model + "--expert DIR/wide DIR/narrow --router retrieval --data DIR/rows.jsonl", 2, {"2 experts"}},
          {average + "--data DIR/rows.jsonl --examples 0", 2, {"--examples"}},
          {average + "--data DIR/rows.jsonl --pass-tokens 0", 2, {"--pass-tokens"}},
          {average + "--data DIR/rows.jsonl --dtype fp16", 2, {"fp16"}},
          {average + "--data DIR/rows.jsonl --k 2", 2, {"--k: unknown option"}},
          {average + "--data DIR/none.jsonl", 3, {"none.jsonl"}},
          {average + "--data DIR/empty.jsonl", 3, {"empty.jsonl"}},
          {average + "--data DIR/big.jsonl", 3, {"big.jsonl:2", "5000"}},
          {average + "--data DIR/broken.jsonl", 3, {"broken.jsonl:2"}},
          {average + "--data DIR/text.jsonl", 3, {"text.jsonl:1", "spiece.model"}},
          {retrieval + "--data DIR/text.jsonl", 3, {"without tokenizer", "--encoder"}},
          {retrieval + "--data DIR/text.jsonl --encoder DIR/none", 3, {"none"}},
          {retrieval + "--data DIR/text.jsonl --encoder DIR/wide", 3, {"wide"}},
          {retrieval + "--data DIR/rows.jsonl --encoder " + kEncoder, 3, {"rows.jsonl:1", "without tokenizer"}},
          {retrieval + "--data DIR/none.jsonl --encoder " + kEncoder, 3, {"none.jsonl"}},
          {model + "--router arrow --expert DIR/none", 3, {"none", "adapter_config.json"}},
          {model + "--router arrow --expert DIR/cut", 3, {"cut/adapter_model.safetensors"}},
          {"prepare --router arrow --expert DIR/wide --model " + other, 3, {"another base"}},
          {"prepare --router arrow --expert DIR/wide --model DIR/none", 3, {"config.json"}},
      });
}

TEST_CASE("build wants what the router reads, and names the command that makes it") {
  const ScratchDirectory scratch;
  for (const char* name : {"wide", "narrow", "encoder"}) copy_expert(name, scratch / name);
  copy_expert("wide", scratch / "long");
  write_foreign_embeddings(scratch / "long", "one", 2);
  write_foreign_embeddings(scratch / "wide", "one");
  write_foreign_embeddings(scratch / "narrow", "two");
  const std::string start = "build --model " + kModel + " --out DIR/out --expert DIR/wide ";
  check_bad_use(scratch.path(),
                {
                    {start + "--router arrow",
                     3,
                     {"no arrow.safetensors", "phatgoose prepare --router arrow --model " + kModel + " --expert "}},
                    {start + "--router average-activation",
                     3,
                     {"no average-activation.safetensors",
                      "phatgoose prepare --router average-activation --model " + kModel + " --expert "}},
                    {start + "DIR/encoder --router retrieval",
                     3,
                     {"encoder", "no retrieval.safetensors",
                      "phatgoose prepare --router retrieval --model " + kModel + " --expert "}},
                    {start + "DIR/narrow --router retrieval", 3, {"narrow", "the encoder two", "those of one"}},
                    {"build --model " + kModel + " --out DIR/out --expert DIR/long --router retrieval",
                     3,
                     {"long/retrieval.safetensors", "row 0 of length 2", "phatgoose prepare --router retrieval"}},
                    {start + "DIR/narrow --router single", 2, {"2 enabled experts"}},
                    {start + "DIR/narrow --router single --enabled wide,narrow", 2, {"2 enabled experts"}},
                    {start + "--router uniform --k 1", 2, {"--router uniform", "--k"}},
                    {start + "--router retrieval --top-p 0.5", 2, {"--router retrieval", "--top-p"}},
                    {start + "--router merged-product --temperature 2", 2, {"--temperature"}},
                    {start + "--router uniform --mix parameters", 2, {"--mix parameters"}},
                    {start + "DIR/narrow --router merged-factors", 3, {"wide", "narrow", "ranks 4 and 1"}},
                    {start + "DIR/narrow --mix parameters", 3, {"wide", "narrow", "ranks 4 and 1"}},
                    {start + "--router merged-mean", 2, {"--router", "merged-factors"}},
                });
}

namespace {

/// Two experts on the base that reads text, each prepared for retrieval with one of the rows: the first with the second
/// row, the second with the first.
class RetrievalFiles {
 public:
  explicit RetrievalFiles(std::string encoder = kEncoder) : encoder_(std::move(encoder)) {
    const std::string rows = kTextRows;
    const std::size_t middle = rows.find('\n') + 1;
    write_text(scratch / "rows.jsonl", rows);
    write_text(scratch / "row1.jsonl", rows.substr(middle));
    write_text(scratch / "row2.jsonl", rows.substr(0, middle));
    write_text(scratch / "suite.yaml",
               "name: s\ntasks:\n  - {name: ask, data: rows.jsonl, kind: rank_classification}\n"
               "  - {name: write, data: rows.jsonl, kind: generation, max_new_tokens: 4}\n");
    for (const char* number : {"1", "2"}) {
      write_text_expert(expert(number), std::strtoull(number, nullptr, 10));
      CHECK_THAT(prepare(number).err, Catch::Contains("wrote"));
    }
    const Outcome built = phatgoose_line("build --model " + kTextModel + " --router retrieval --out " + routed() +
                                         " --expert " + expert("1") + " " + expert("2"));
    CHECK(built.code == 0);
  }

  std::string expert(const std::string& number) const { return scratch / ("expert" + number); }
  std::string routed() const { return scratch / "routed"; }

  Outcome prepare(const std::string& number) const {
    const std::string rows = scratch / ("row" + number + ".jsonl");
    return phatgoose_line("prepare --model " + kTextModel + " --router retrieval --encoder " + encoder_ + " --data " +
                          rows + " --expert " + expert(number));
  }

  /// The lines of samples.jsonl.
  std::vector<Json> eval(const std::string& out, const std::string& what) const {
    const std::string directory = scratch / out;
    const Outcome outcome = phatgoose_line("eval --dtype fp32 --model " + kTextModel + " --suite " +
                                           (scratch / "suite.yaml").string() + " --out " + directory + " " + what);
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    return lines_of(read_text(scratch / (out + "/samples.jsonl")));
  }

  static std::vector<Json> lines_of(const std::string& text) {
    std::vector<Json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(Json::parse(line));
    return lines;
  }

  const ScratchDirectory scratch;

 private:
  std::string encoder_;
};

void check_same_answer(const Json& found, const Json& expected) {
  for (const char* key : {"task", "row"}) REQUIRE(found[key] == expected[key]);
  if (found.contains("output")) CHECK(found["output"] == expected["output"]);
  if (!found.contains("log_likelihoods")) return;
  for (const int choice : {0, 1}) {
    CHECK(found["log_likelihoods"][choice].get<double>() ==
          Approx(expected["log_likelihoods"][choice].get<double>()).epsilon(1e-5));
  }
}

}  // namespace

TEST_CASE("retrieval gives every row of eval to the expert that owns it") {
  const std::string golden = GENERATE("encoder/model", "encoder_families/mpnet", "encoder_families/nomic");
  const std::string encoder = golden_path(golden);
  const RetrievalFiles files(encoder);
  CHECK_THAT(files.prepare("1").err, Catch::Contains("is finished"));
  const auto first = files.eval("first", "--expert " + files.expert("1"));
  const auto second = files.eval("second", "--expert " + files.expert("2"));
  const std::string routed = "--routed " + files.routed() + " --encoder " + encoder;
  const auto both = files.eval("both", routed), one = files.eval("one", routed + " --enabled expert1");
  REQUIRE(both.size() == 4);
  REQUIRE(one.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) {
    check_same_answer(both[i], i % 2 == 0 ? second[i] : first[i]);
    check_same_answer(one[i], first[i]);
  }
  CHECK(first[0]["log_likelihoods"] != second[0]["log_likelihoods"]);
}

TEST_CASE("retrieval gives every row of predict to the expert that owns it") {
  const RetrievalFiles files;
  const Outcome outcome = phatgoose_line("predict --dtype fp32 --json --explain --model " + kTextModel + " --routed " +
                                             files.routed() + " --encoder " + kEncoder,
                                         kTextRows);
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  const auto answers = RetrievalFiles::lines_of(outcome.out);
  REQUIRE(answers.size() == 2);
  CHECK(answers[0]["experts"]["expert2"] == 1.0);
  CHECK(answers[1]["experts"]["expert1"] == 1.0);
}

TEST_CASE("retrieval refuses another encoder than that of the examples") {
  const RetrievalFiles files;
  fs::copy(kEncoder, files.scratch / "prompted", fs::copy_options::recursive);
  write_text(files.scratch / "prompted/config_sentence_transformers.json", R"({"prompts": {"query": "query: "}})");
  const fs::path cut = files.scratch / "cut";
  fs::copy(kEncoder, cut, fs::copy_options::recursive);
  fs::remove(cut / "model.safetensors");
  fs::copy(kEncoder, files.scratch / "wordless", fs::copy_options::recursive);
  for (const char* file : {"vocab.txt", "tokenizer.json"}) fs::remove(files.scratch / "wordless" / file);
  const std::string rest = " --dtype fp32 --model " + kTextModel + " --routed DIR/routed";
  const std::string eval = "eval --suite DIR/suite.yaml --out DIR/out" + rest;
  check_bad_use(files.scratch.path(), {
                                          {eval, 3, {"retrieval", "base encoder mean", "--encoder"}},
                                          {eval + " --encoder DIR/none", 3, {"none"}},
                                          {eval + " --encoder DIR/expert1", 3, {"expert1"}},
                                          {eval + " --encoder DIR/prompted", 3, {"the encoder prompted", "--encoder"}},
                                          {eval + " --encoder DIR/cut", 3, {"cut", "model.safetensors"}},
                                          {eval + " --encoder DIR/wordless", 3, {"wordless", "vocab.txt"}},
                                          {eval + " --k 1 --encoder " + kEncoder, 2, {"selects nothing"}},
                                          {"predict" + rest, 3, {"base encoder mean", "--encoder"}, kTextRows},
                                      });
}

TEST_CASE("embeddings of another size than the encoder's are refused, though they name that encoder") {
  const RetrievalFiles files;
  const StoredEmbeddings stored = read_embeddings(files.expert("1") + "/retrieval.safetensors");
  const std::vector<float> row = {0.6F, 0.8F};
  for (const char* number : {"1", "2"}) {
    const std::string adapter = ExpertDirectory::open(files.expert(number)).adapter_hash();
    write_embeddings(files.expert(number) + "/retrieval.safetensors",
                     {DType::f32, {1, 2}, std::as_bytes(std::span(row))}, stored.encoder_name,
                     stored.encoder_fingerprint, "{\"adapter\": \"" + adapter + "\"}");
  }
  const std::string out = files.scratch / "short", built = " --model " + kTextModel + " --routed " + out;
  REQUIRE(phatgoose_line("build --router retrieval --model " + kTextModel + " --out " + out + " --expert " +
                         files.expert("1") + " " + files.expert("2"))
              .code == 0);
  const std::string size = std::to_string(stored.embeddings.shape[1]) + " numbers";
  check_bad_use(files.scratch.path(),
                {
                    {"eval --suite DIR/suite.yaml --out DIR/out --encoder " + kEncoder + built, 3, {size, "2 numbers"}},
                    {"predict --encoder " + kEncoder + built, 3, {size, "2 numbers"}, kTextRows},
                });
}
