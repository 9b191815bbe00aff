// The training commands on a tiny base with rows of token ids: what they refuse, and that they leave nothing behind.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

/// A directory with a base, an expert, good rows and every kind of bad input.
class TrainingFiles {
 public:
  TrainingFiles() {
    copy_golden("t5_v1_1/model", "base");
    copy_golden("experts/wide", "expert");
    write_text(path() / "rows.jsonl", R"({"input_ids": [5, 6, 1], "target_ids": [7, 1]})"
                                      "\n");
    write_text(path() / "empty.jsonl", "");
    write_text(path() / "broken.jsonl", R"({"input_ids": [5, 1], "target_ids": [7, 1]})"
                                        "\n{\"input_ids\": [5,\n");
    write_text(path() / "no_target.jsonl", R"({"input_ids": [5, 1]})"
                                           "\n");
    write_text(path() / "foreign_ids.jsonl", R"({"input_ids": [5, 999999, 1], "target_ids": [7, 1]})"
                                             "\n");
    write_text(path() / "text.jsonl", R"({"input": "a question", "target": "an answer"})"
                                      "\n");
    write_text(path() / "cut.jsonl.gz", std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56", 12));
    write_text(path() / "occupied/notes.txt", "mine");
    write_text(path() / "a_file", "");
    make_bad_bases();
    make_bad_adapters();
  }

  const std::filesystem::path& path() const { return directory_.path(); }

 private:
  void copy_golden(const std::string& from, const std::string& to) {
    std::filesystem::copy(golden_path(from), path() / to, std::filesystem::copy_options::recursive);
  }

  void cut_in_half(const std::string& name) {
    const std::string content = read_text(path() / name);
    write_text(path() / name, content.substr(0, content.size() / 2));
  }

  void make_bad_bases() {
    copy_golden("t5_v1_1/model", "cut_base");
    cut_in_half("cut_base/model.safetensors");
    copy_golden("t5_v1_1/model", "headless_base");
    write_text(path() / "headless_base/model.safetensors", "no safetensors at all, only words");
    copy_golden("t5_v1_1/model", "odd_base");
    write_text(path() / "odd_base/config.json", R"({"model_type": "bart"})");
  }

  void make_bad_adapters() {
    copy_golden("experts/wide", "cut_expert");
    cut_in_half("cut_expert/adapter_model.safetensors");
    copy_golden("experts/wide", "foreign_expert");
    write_text(path() / "foreign_expert/adapter_config.json", R"({"peft_type": "PREFIX_TUNING"})");
  }

  ScratchDirectory directory_;
};

}  // namespace

TEST_CASE("the manifest of an expert names the compute type that was used") {
  const TrainingFiles files;
  const std::string d = files.path().string();
  const std::string rest = " --model " + d + "/base --data " + d + "/rows.jsonl --steps 1 --batch 1";
  REQUIRE(phatgoose_line("train-expert --name n --out " + d + "/trained" + rest).code == 0);
  REQUIRE(phatgoose_line("train-gate --dtype bf16 --expert " + d + "/trained" + rest).code == 0);
  const Json manifest = Json::parse(read_text(files.path() / "trained/manifest.json"));
  CHECK(manifest["training"]["dtype"] == "fp32");
  CHECK(manifest["gate"]["training"]["dtype"] == "bf16");
}

TEST_CASE("a run says what it trains on, and what is trained, before the first step") {
  const TrainingFiles files;
  const std::string d = files.path().string();
  write_text(files.path() / "mixed.jsonl",
             read_text(files.path() / "rows.jsonl") + read_text(files.path() / "broken.jsonl"));
  const Outcome outcome = phatgoose_line("train-expert --name n --out " + d + "/out --model " + d + "/base --data " +
                                         d + "/mixed.jsonl --skip-bad-rows --steps 1 --batch 1 --threads 1");
  REQUIRE(outcome.code == 0);
  const std::string& said = outcome.err;
  CHECK_THAT(said, Catch::Contains("warning: " + d + "/mixed.jsonl: 1 bad row was skipped\n"));
  CHECK_THAT(said, Catch::Contains("mixed.jsonl:3: column 18: invalid JSON: unexpected end of input"));
  const auto rows = said.find("training rows: 2, of 9 tokens; cut: 0 inputs, 0 targets");
  const auto parameters = said.find(" parameters for 1 step");
  const auto first_step = said.find("training: 1/1 steps");
  CHECK(said.find("device cpu, dtype fp32, threads 1") < rows);
  CHECK(rows < parameters);
  CHECK(parameters < first_step);
  CHECK(first_step != std::string::npos);
}

TEST_CASE("train-expert refuses bad use and bad input, and leaves nothing behind") {
  const TrainingFiles files;
  const std::string start = "train-expert --name n --out DIR/out --steps 1 --batch 1 --dtype fp32 ";
  const std::string good = start + "--model DIR/base --data DIR/rows.jsonl ";
  const std::string base = start + "--model DIR/base ";
  check_bad_use(
      files.path(),
      {
          {"train-expert", 2, {"--model: missing"}},
          {base, 2, {"--data: missing"}},
          {good + "--steps 1", 2, {"--steps: given more than once"}},
          {good + "--lr fast", 2, {"--lr: \"fast\"", "a number"}},
          {good + "--rank 0", 2, {"--rank: \"0\""}},
          {good + "--micro-tokens 8", 2, {"--micro-tokens", "renamed", "--pass-tokens"}},
          {"train-expert --name a/b --out DIR/out --model DIR/base --data DIR/rows.jsonl", 2, {"--name", "a/b"}},
          {good + "--warmup 3", 2, {"--warmup: unknown option", "did you mean --warmup-ratio?"}},
          {good + "--dropout 1.5", 2, {"--dropout"}},
          {good + "--device tpu", 2, {"tpu"}},
          {good + "--device cuda:x", 2, {"cuda:x"}},
          {"train-expert --name n --out DIR/out --model DIR/base --data DIR/rows.jsonl --dtype fp16", 2, {"fp16"}},
          {good + "--preset smal", 2, {"--preset", "did you mean small?"}},
          {start + "--model DIR/none --data DIR/rows.jsonl", 3, {"none"}},
          {start + "--model DIR/cut_base --data DIR/rows.jsonl", 3, {"cut_base/model.safetensors"}},
          {start + "--model DIR/headless_base --data DIR/rows.jsonl", 3, {"model.safetensors"}},
          {start + "--model DIR/odd_base --data DIR/rows.jsonl", 3, {"odd_base/config.json"}},
          {base + "--data DIR/none.jsonl", 3, {"none.jsonl", "No such file"}},
          {base + "--data DIR/empty.jsonl", 3, {"empty.jsonl"}},
          {base + "--data DIR/broken.jsonl", 3, {"broken.jsonl:2"}},
          {base + "--data DIR/no_target.jsonl", 3, {"no_target.jsonl:1", "target"}},
          {base + "--data DIR/foreign_ids.jsonl", 3, {"foreign_ids.jsonl:1", "999999"}},
          {base + "--data DIR/cut.jsonl.gz", 3, {"cut.jsonl.gz"}},
          {base + "--data DIR/text.jsonl", 3, {"spiece.model"}},
          {good + "--valid DIR/empty.jsonl", 3, {"empty.jsonl"}},
          {good + "--data DIR/rows.jsonl", 2, {"--data", "rows.jsonl is given twice", "--data-mix"}},
          {good + "--data-mix evenly", 2, {"--data-mix: \"evenly\"", "size", "equal"}},
          {good + "--data-mix-cap 0", 2, {"--data-mix-cap: \"0\""}},
          {good + "--data-mix equal --data-mix-cap 5", 2, {"--data-mix-cap", "--data-mix size"}},
          {good + "--data-mix equal --shuffle false", 2, {"--shuffle", "--data-mix equal"}},
          {good + "--optimizer sgd", 2, {"--optimizer: \"sgd\"", "adamw", "adafactor"}},
          {good + "--optimizer adafactor --beta1 0.9", 2, {"--beta1", "--optimizer adamw"}},
          {good + "--optimizer adafactor --beta2 0.999", 2, {"--beta2", "--optimizer adamw"}},
          {good + "--scale-parameter", 2, {"--scale-parameter", "--optimizer adafactor"}},
          {good + "--schedule inverse-sqrt", 2, {"--schedule", "constant", "linear"}},
          {good + "--init DIR/none", 3, {"none"}},
          {good + "--init DIR/cut_expert", 3, {"cut_expert/adapter_model.safetensors"}},
          {good + "--init DIR/foreign_expert", 3, {"foreign_expert/adapter_config.json", "PREFIX_TUNING"}},
          {"train-expert --name n --model DIR/base --data DIR/rows.jsonl --out DIR/occupied", 2, {"occupied"}},
          {"train-expert --name n --model DIR/base --data DIR/rows.jsonl --out DIR/a_file/x", 1, {"a_file"}},
      });
}

TEST_CASE("train-gate refuses bad use and bad input, and leaves nothing behind") {
  const TrainingFiles files;
  const std::string start = "train-gate --model DIR/base --steps 1 --batch 1 --dtype fp32 --out DIR/out ";
  check_bad_use(files.path(),
                {
                    {start + "--data DIR/rows.jsonl", 2, {"--expert: missing"}},
                    {start + "--expert DIR/expert", 2, {"--data: missing"}},
                    {start + "--expert DIR/none --data DIR/rows.jsonl", 3, {"none"}},
                    {start + "--expert DIR/cut_expert --data DIR/rows.jsonl", 3, {"cut_expert"}},
                    {start + "--expert DIR/foreign_expert --data DIR/rows.jsonl", 3, {"PREFIX_TUNING"}},
                    {start + "--expert DIR/expert --data DIR/empty.jsonl", 3, {"empty.jsonl"}},
                    {start + "--expert DIR/expert --rank 4", 2, {"--rank: unknown option"}},
                    {start + "--expert DIR/expert --data DIR/rows.jsonl --optimizer adafactor --beta1 0.5",
                     2,
                     {"--beta1", "--optimizer adamw"}},
                    {start + "--expert DIR/expert --data DIR/rows.jsonl --retrain", 2, {"--retrain", "--out"}},
                    {start + "--expert DIR/expert --data DIR/rows.jsonl --data DIR/rows.jsonl",
                     2,
                     {"--data", "rows.jsonl is given twice"}},
                });
}

TEST_CASE("pretrain refuses bad use and bad input, and leaves nothing behind") {
  const TrainingFiles files;
  const std::string good = "pretrain --out DIR/out --text DIR/rows.jsonl --make-vocab 32 ";
  check_bad_use(files.path(), {
                                  {"pretrain --text DIR/rows.jsonl", 2, {"--out: missing"}},
                                  {"pretrain --out DIR/out", 2, {"--text: missing"}},
                                  {good + "--schedule zigzag", 2, {"zigzag"}},
                                  {good + "--schedule linear --decay-ratio 0.5", 2, {"--decay-ratio", "--schedule"}},
                                  {good + "--optimizer adafactor --beta2 0.9", 2, {"--beta2", "--optimizer adamw"}},
                                  {good + "--scale-parameter", 2, {"--scale-parameter", "--optimizer adafactor"}},
                                  {"pretrain --out DIR/out --text DIR/none.txt --make-vocab 32", 3, {"none.txt"}},
                              });
}

TEST_CASE("train-task-moe refuses bad use and bad input, and leaves nothing behind") {
  const TrainingFiles files;
  const std::string good = "train-task-moe --model DIR/base --out DIR/out --data DIR/rows.jsonl ";
  check_bad_use(files.path(),
                {
                    {"train-task-moe --out DIR/out --data DIR/rows.jsonl", 2, {"--model: missing"}},
                    {good + "--router lst", 2, {"--router", "\"lst\"", "lstm"}},
                    {good + "--copies 0", 2, {"--copies", "0"}},
                    {good + "--mixed-layers encoder.block.7", 2, {"--mixed-layers", "encoder.block.7"}},
                    {good + "--dtype bf16", 2, {"--dtype", "fp32"}},
                    {good + "--router average --selection softmax", 2, {"--selection", "average"}},
                    {good + "--router transformer --vector-size 30", 3, {"size 30", "a multiple of 4"}},
                    {good + "--vectors DIR/none", 3, {"none"}},
                    {good + "--vectors DIR/expert", 3, {"expert"}},
                    {good + "--route-from DIR/expert", 3, {"expert"}},
                    {good + "--valid other=DIR/rows.jsonl", 3, {"task \"other\"", "--valid TASK=FILE"}},
                    {"train-task-moe --model DIR/base --out DIR/out --data DIR/text.jsonl", 3, {"text"}},
                    {"train-task-moe --model DIR/odd_base --out DIR/out --data DIR/rows.jsonl", 3, {"bart"}},
                });
}
