// phatgoose adapt: what it prints, leaves and refuses.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "support/golden.h"
#include "support/mixture_files.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kModel = golden_path("t5_v1_1/model");
const std::string kPoly = golden_path("modular_poly/adapter");

/// Rows of ids and a suite of two tasks on them.
void write_suite(const fs::path& directory) {
  std::string rows;
  for (int i = 0; i < 8; ++i) {
    rows += Json{{"input_ids", {5 + i, 9, 1}},
                 {"target_ids", {i % 2 == 0 ? 7 : 8, 1}},
                 {"choices_ids", Json::array({Json::array({7, 1}), Json::array({8, 1})})}}
                .dump() +
            "\n";
  }
  write_text(directory / "rows.jsonl", rows);
  write_text(directory / "suite.yaml",
             "name: s\ntasks:\n"
             "  - {name: even, data: rows.jsonl, kind: rank_classification}\n"
             "  - {name: odd, data: rows.jsonl, kind: rank_classification}\n");
}

std::string start_of(const fs::path& scratch) {
  return "adapt --log quiet --threads 1 --steps 2 --batch 2 --model " + kModel + " --suite " +
         (scratch / "suite.yaml").string() + " ";
}

}  // namespace

TEST_CASE("adapt prints a table of all tasks, or summary.json") {
  const ScratchDirectory scratch;
  write_suite(scratch.path());
  const std::string line =
      start_of(scratch.path()) + "--shots 0,2 --samples 2 --from " + kPoly + " --out " + (scratch / "out").string();
  const Outcome adapted = phatgoose_line(line);
  INFO(adapted.err);
  REQUIRE(adapted.code == 0);
  CHECK_THAT(adapted.out, Catch::StartsWith("task  0 shots") && Catch::Contains("\neven ") &&
                              Catch::Contains("\nodd ") && Catch::Contains("\nmean ") && Catch::Contains(" +- "));
  const Outcome json = phatgoose_line(line + " --json");
  CHECK(json.code == 0);
  Json summary = Json::parse(read_text(scratch / "out/summary.json"));
  CHECK(summary["suite"] == "s");
  summary.erase("suite");
  summary.erase("settings");
  CHECK(Json::parse(json.out) == summary);
  const std::string adapter = scratch / "out/even/shots-2/sample-1/seed-0/adapted";
  CHECK_THAT(phatgoose_line("inspect --verify " + adapter).out, Catch::Contains("modular-adapter"));
  const Outcome scored = phatgoose_line("score " + (scratch / "out/odd/shots-2/sample-0/seed-0/results").string());
  CHECK_THAT(scored.out, Catch::Contains("odd"));
}

TEST_CASE("adapt tells gains over a reference that saw the same rows") {
  const ScratchDirectory scratch;
  write_suite(scratch.path());
  const std::string start = start_of(scratch.path()), other = scratch / "other";
  REQUIRE(phatgoose_line(start + "--shots 0,2 --out " + other).code == 0);
  const std::string line = start + "--shots 0,2 --from " + kPoly + " --out " + (scratch / "out").string();
  const Outcome adapted = phatgoose_line(line + " --reference " + other);
  INFO(adapted.err);
  CHECK(adapted.code == 0);
  CHECK_THAT(adapted.out, Catch::Contains("\nrelative gain "));
  Json summary = Json::parse(read_text(scratch / "out/summary.json"));
  for (const Json& gain : summary["relative_gain"]) {
    const std::size_t column = gain["shots"] == 0 ? 0 : 1;
    for (const Json& task : summary["tasks"]) {
      const Json& run = task["scores"][column]["scores"][0];
      const double score = run["score"], reference = run["reference"];
      CHECK(gain["tasks"][task["task"].get<std::string>()].get<double>() ==
            Approx(100 * (score - reference) / reference));
    }
  }
  CHECK_THAT(phatgoose_line(line).out, !Catch::Contains("gain"));
  check_bad_use(scratch.path(),
                {{start + "--shots 2 --valid-shots 1 --out DIR/refused --reference " + other, 3, {"\"valid-shots\""}},
                 {start + "--shots 2 --seed 1 --out DIR/refused --reference " + other, 3, {"seed-1", "no results"}}});
  const std::string refused = start + "--tasks even --shots 2 --out DIR/refused --reference " + other;
  const std::string suite = read_text(scratch / "suite.yaml");
  write_text(scratch / "suite.yaml",
             "name: s\ntasks:\n  - {name: even, data: rows.jsonl, kind: generation, max_new_tokens: 2}\n");
  check_bad_use(scratch.path(), {{refused, 3, {"scores by accuracy", "exact_match"}}});
  write_text(scratch / "suite.yaml", suite);
  write_text(scratch / "rows.jsonl", read_text(scratch / "rows.jsonl") + "\n");
  check_bad_use(scratch.path(), {{refused, 3, {"the rows"}}});
}

TEST_CASE("without a suite adapt prints the directory of what it has adapted") {
  const ScratchDirectory scratch;
  write_suite(scratch.path());
  const std::string out = scratch / "out";
  const Outcome adapted =
      phatgoose_line("adapt --log quiet --threads 1 --steps 2 --batch 2 --rank 2 --shots 3 --model " + kModel +
                     " --data new=" + (scratch / "rows.jsonl").string() + " --out " + out);
  INFO(adapted.err);
  CHECK(adapted.code == 0);
  CHECK(adapted.out == out + "\n");
  CHECK(fs::exists(out + "/new/shots-3/sample-0/seed-0/adapted/manifest.json"));
  CHECK_FALSE(fs::exists(out + "/summary.json"));
}

TEST_CASE("adapt refuses bad use and leaves nothing") {
  const ScratchDirectory scratch;
  write_suite(scratch.path());
  write_text(scratch / "full/file", "mine");
  MixtureFiles().write(scratch / "mixture", read_t5_config(kModel));
  const std::string start = start_of(scratch.path()) + "--out DIR/out ";
  const std::string bare = "adapt --model " + kModel + " --out DIR/out ";
  const std::string rows = "--data even=" + (scratch / "rows.jsonl").string() + " ";
  check_bad_use(scratch.path(),
                {
                    {"adapt", 2, {"--model: missing"}},
                    {bare, 2, {"--data: missing", "--suite"}},
                    {bare + rows + "--json", 2, {"--json", "--suite"}},
                    {bare + rows + "--keep false", 2, {"--keep", "--suite"}},
                    {bare + rows + "--data-dir DIR", 2, {"--data-dir", "--suite"}},
                    {bare + rows + "--shots 0", 2, {"--shots", "0 without --suite"}},
                    {bare + rows + rows, 2, {"--data"}},
                    {bare + rows + "--tasks odd", 2, {"--tasks", "\"odd\"", "a task of --data"}},
                    {bare + rows + "--valid odd=DIR/rows.jsonl", 2, {"--valid", "\"odd\"", "a task to adapt to"}},
                    {start + "--shots few", 2, {"--shots", "\"few\"", "numbers from 0 on"}},
                    {start + "--shots 2.5", 2, {"--shots", "\"2.5\""}},
                    {start + "--shots -1", 2, {"--shots"}},
                    {start + "--try-lr 0.1,0.2", 2, {"--try-lr", "--valid-shots"}},
                    {start + "--try-lr 0.1,fast --valid-shots 1", 2, {"--try-lr", "\"fast\"", "numbers from 0 on"}},
                    {start + "--try-batch 0 --valid-shots 1", 2, {"--try-batch", "\"0\"", "numbers from 1 on"}},
                    {start + "--valid-shots 1 --valid even=DIR/rows.jsonl", 2, {"--valid-shots", "--valid"}},
                    {start + "--shots 9", 3, {"rows.jsonl", "8 examples of task even", "9"}},
                    {start + "--shots all", 3, {"rows.jsonl", "rows left to score on", "--data even=FILE"}},
                    {start + "--tasks evn", 2, {"evn", "did you mean even?"}},
                    {start + "--train routing", 2, {"--train", "adapters"}},
                    {start + "--train model --rank 3", 2, {"--rank", "--train model"}},
                    {start + "--train model --from " + kPoly, 2, {"--train", "--from"}},
                    {start + "--vectors DIR/mixture --from " + kPoly, 2, {"--vectors", "a task-level mixture"}},
                    {bare + rows + "--reference DIR/other", 2, {"--reference", "--suite"}},
                    {start + "--shots 2 --reference DIR/other", 3, {"other/even/shots-2", "no results", "--samples"}},
                    {start + "--train model --dtype bf16", 2, {"--dtype", "fp32"}},
                    {start + "--rank 3 --from " + kPoly, 2, {"--rank", "--from"}},
                    {start + "--unknown-task mean", 2, {"--unknown-task", "mixes by task"}},
                    {start + "--optimizer adamw", 2, {"--scale-parameter", "true with --optimizer adamw", "false"}},
                    {start + "--from DIR/full", 3, {"full"}},
                    {start + "--from DIR/mixture", 3, {"mixture", "fingerprint"}},
                    {start_of(scratch.path()) + "--shots 2 --out DIR/full", 2, {"full contains "}},
                });
}
