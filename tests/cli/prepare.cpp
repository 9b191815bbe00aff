// phatgoose prepare, and what build and eval make of it: what is written, and what is refused.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/random.h"
#include "phatgoose/store/expert_directory.h"
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

void write_foreign_embeddings(const std::filesystem::path& expert, const std::string& encoder) {
  const std::vector<float> unit = {1, 0, 0, 0};
  const std::string adapter = ExpertDirectory::open(expert).adapter_hash();
  write_embeddings(expert / "retrieval.safetensors", {DType::f32, {1, 4}, std::as_bytes(std::span(unit))}, encoder,
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

  write_text(scratch / "wide/arrow.safetensors", bytes.substr(0, bytes.size() / 2));  // damaged: made anew
  CHECK(phatgoose_line(arrow).code == 0);
  CHECK(read_text(scratch / "wide/arrow.safetensors") == bytes);

  const std::string average = "prepare --model " + kModel + " --router average-activation --expert " + wide +
                              " --data " + (scratch / "rows.jsonl").string();
  CHECK(phatgoose_line(average).code == 0);
  const std::string means = read_text(scratch / "wide/average-activation.safetensors");
  CHECK_THAT(phatgoose_line(average).err, Catch::Contains("is finished"));
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
          {model + "--router arrow", 2, {"--expert: missing"}},
          {one + "--router arow", 2, {"--router", "arow", "arrow"}},
          {one + "--router phatgoose", 2, {"--router", "average-activation, arrow"}},
          {one + "--router arrow --data DIR/rows.jsonl", 2, {"--router arrow", "--data"}},
          {one + "--router arrow --encoder " + kEncoder, 2, {"--encoder", "retrieval only"}},
          {average + "--data DIR/rows.jsonl --encoder " + kEncoder, 2, {"--encoder", "retrieval only"}},
          {average, 2, {"no --data"}},
          {retrieval, 2, {"no --data"}},
          {average + "--expert DIR/narrow --data DIR/rows.jsonl", 2, {"2 experts"}},
          {model + "--expert DIR/wide DIR/narrow --router average-activation --data DIR/rows.jsonl", 2, {"2 experts"}},
          {model + "--expert DIR/wide DIR/narrow --router retrieval --data DIR/rows.jsonl", 2, {"2 experts"}},
          {average + "--data DIR/rows.jsonl --examples 0", 2, {"--examples"}},
          {average + "--data DIR/rows.jsonl --batch-tokens 0", 2, {"--batch-tokens"}},
          {average + "--data DIR/rows.jsonl --dtype fp16", 2, {"fp16"}},
          {average + "--data DIR/rows.jsonl --k 2", 2, {"--k: unknown option"}},
          {average + "--data DIR/none.jsonl", 3, {"none.jsonl"}},
          {average + "--data DIR/empty.jsonl", 3, {"empty.jsonl"}},
          {average + "--data DIR/big.jsonl", 3, {"big.jsonl:2", "5000"}},
          {average + "--data DIR/broken.jsonl", 3, {"broken.jsonl:2"}},
          {average + "--data DIR/text.jsonl", 3, {"text.jsonl:1", "spiece.model"}},
          {retrieval + "--data DIR/text.jsonl", 3, {"spiece.model", "--encoder"}},
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
  write_foreign_embeddings(scratch / "wide", "one");
  write_foreign_embeddings(scratch / "narrow", "two");
  const std::string start = "build --model " + kModel + " --out DIR/out --expert DIR/wide ";
  check_bad_use(scratch.path(),
                {
                    {start + "--router arrow",
                     3,
                     {"no arrow.safetensors", "phatgoose prepare --router arrow --expert"}},
                    {start + "--router average-activation",
                     3,
                     {"no average-activation.safetensors", "phatgoose prepare --router average-activation --expert"}},
                    {start + "DIR/encoder --router retrieval",
                     3,
                     {"encoder", "no retrieval.safetensors", "phatgoose prepare --router retrieval --expert"}},
                    {start + "DIR/narrow --router retrieval", 3, {"narrow", "the encoder two", "of one"}},
                    {start + "DIR/narrow --router single", 2, {"2 enabled experts"}},
                    {start + "DIR/narrow --router single --enabled wide,narrow", 2, {"2 enabled experts"}},
                    {start + "--router uniform --k 1", 2, {"--router uniform", "--k"}},
                    {start + "--router retrieval --top-p 0.5", 2, {"--router retrieval", "--top-p"}},
                    {start + "--router merged-product --temperature 2", 2, {"--temperature"}},
                    {start + "--router uniform --mix parameters", 2, {"--mix parameters"}},
                    {start + "--router merged-mean", 2, {"--router", "merged-factors"}},
                });
}

TEST_CASE("retrieval runs from prepare to eval with the encoder of the examples, and with no other") {
  const ScratchDirectory scratch;
  const std::string d = scratch.path();
  write_text(scratch / "rows.jsonl", kTextRows);
  write_text(scratch / "suite.yaml",
             "name: s\ntasks:\n  - {name: ask, data: rows.jsonl, kind: rank_classification}\n");
  for (const std::uint64_t seed : {1, 2}) {
    const std::string expert = scratch / ("expert" + std::to_string(seed));
    write_text_expert(expert, seed);
    for (const int time : {1, 2}) {
      CAPTURE(time);
      const Outcome prepared = phatgoose_line("prepare --model " + kTextModel + " --router retrieval --encoder " +
                                              kEncoder + " --data " + d + "/rows.jsonl --expert " + expert);
      INFO(prepared.err);
      CHECK(prepared.code == 0);
      CHECK_THAT(prepared.err, Catch::Contains(time == 1 ? "wrote" : "is finished"));
    }
  }
  const std::string experts = d + "/expert1 " + d + "/expert2";
  const std::string build = "build --model " + kTextModel + " --router retrieval --out " + d + "/routed --expert ";
  REQUIRE(phatgoose_line(build + experts).code == 0);
  const std::string eval_base = "eval --dtype fp32 --model " + kTextModel;
  const std::string good = eval_base + " --suite DIR/suite.yaml --out DIR/out --routed DIR/routed";
  check_bad_use(scratch.path(), {
                                    {good, 3, {"retrieval", "base encoder mean", "--encoder"}},
                                    {good + " --encoder DIR/none", 3, {"none"}},
                                    {good + " --encoder DIR/expert1", 3, {"expert1"}},
                                    {good + " --k 1 --encoder " + kEncoder, 2, {"selects nothing"}},
                                });
  const auto eval = [&](const std::string& out, const std::string& what) {
    const Outcome outcome =
        phatgoose_line(eval_base + " --suite " + d + "/suite.yaml --out " + d + "/" + out + " " + what);
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    return read_text(scratch / (out + "/samples.jsonl"));
  };
  // Both experts own the same examples: all goes to the first, or, where it is not enabled, to the second.
  const std::string encoder = " --encoder " + kEncoder;
  const std::string first = eval("first", "--expert " + d + "/expert1");
  const std::string second = eval("second", "--expert " + d + "/expert2");
  CHECK(first != second);
  CHECK(eval("routed-first", "--routed " + d + "/routed" + encoder).size() > 0);
  const Json expected = Json::parse(first.substr(0, first.find('\n')));
  const std::string routed = read_text(scratch / "routed-first/samples.jsonl");
  const Json found = Json::parse(routed.substr(0, routed.find('\n')));
  for (const int choice : {0, 1}) {
    CHECK(found["log_likelihoods"][choice].get<double>() ==
          Approx(expected["log_likelihoods"][choice].get<double>()).epsilon(1e-5));
  }
  const std::string other = eval("routed-second", "--routed " + d + "/routed --enabled expert2" + encoder);
  const Json found_other = Json::parse(other.substr(0, other.find('\n')));
  const Json expected_other = Json::parse(second.substr(0, second.find('\n')));
  CHECK(found_other["log_likelihoods"][0].get<double>() ==
        Approx(expected_other["log_likelihoods"][0].get<double>()).epsilon(1e-5));

  const auto answers = [&](const std::string& what) {
    const Outcome outcome = phatgoose_line("predict --dtype fp32 --max-new-tokens 6 --model " + kTextModel + what,
                                           "Who feeds the cat?\nWhere is the dog?\n");
    INFO(outcome.err);
    CHECK(outcome.code == 0);
    return outcome.out;
  };
  const std::string of_first = answers(" --expert " + d + "/expert1");
  const std::string of_second = answers(" --expert " + d + "/expert2");
  CHECK(of_first != of_second);
  CHECK(answers(" --routed " + d + "/routed" + encoder) == of_first);
  CHECK(answers(" --routed " + d + "/routed --enabled expert2" + encoder) == of_second);
}
