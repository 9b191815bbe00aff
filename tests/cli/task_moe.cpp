// A task-level mixture from training to a plain model, as a user meets it.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

/// Rows whose answer is one of two.
std::string mixture_rows(int first) {
  std::string rows;
  for (int i = 0; i < 8; ++i) {
    const int id = 3 + (first + i) % 20;
    rows +=
        Json{{"input_ids", {id, id + 1, 1}}, {"target_ids", {id, 1}}, {"choices_ids", {{id, 1}, {id + 2, 1}}}}.dump();
    rows += "\n";
  }
  return rows;
}

Outcome run_line(const std::string& line) {
  const Outcome outcome = phatgoose_line(line);
  INFO(line << "\n" << outcome.err);
  REQUIRE(outcome.code == 0);
  return outcome;
}

}  // namespace

TEST_CASE("a mixture is trained, shown, evaluated, asked, and exported for a task") {
  const ScratchDirectory scratch;
  const std::string d = scratch.path().string();
  std::filesystem::copy(golden_path("t5_v1_1/model"), scratch / "base", std::filesystem::copy_options::recursive);
  write_text(scratch / "zoo.jsonl", mixture_rows(0));
  write_text(scratch / "station.jsonl", mixture_rows(7));
  write_text(scratch / "suite.yaml",
             "name: s\ntasks:\n- {name: zoo, data: zoo.jsonl, kind: rank_classification}\n"
             "- {name: station, data: station.jsonl, kind: rank_classification}\n");
  const std::string train = "train-task-moe --log quiet --model " + d + "/base --data " + d + "/zoo.jsonl " + d +
                            "/station.jsonl --copies 2 --steps 3 --batch 4 --lr 0.01 --vector-size 8 --out " + d;
  CHECK(run_line(train + "/mixture").out == d + "/mixture\n");
  const Json shown = Json::parse(run_line("inspect --verify --json " + d + "/mixture").out);
  CHECK(shown["tasks"] == Json({"zoo", "station"}));
  CHECK(shown["routes"].size() == 2);
  CHECK_THAT(run_line("inspect " + d + "/mixture").out, Catch::Contains("station") && Catch::Contains("e0"));

  run_line("eval --log quiet --model " + d + "/base --base --task-moe " + d + "/mixture --suite " + d +
           "/suite.yaml --out " + d + "/results");
  run_line("export --model " + d + "/base --task-moe " + d + "/mixture --task zoo --out " + d + "/zoo");
  run_line("eval --log quiet --model " + d + "/zoo --suite " + d + "/suite.yaml --tasks zoo --out " + d + "/plain");
  const auto score = [&](const char* results) {
    return read_json((scratch / results).string()).at("tasks")[0].at("score").get<double>();
  };
  CHECK(score("results/mixture/results.json") == score("plain/results.json"));
  CHECK(Json::parse(run_line("inspect --json " + d + "/zoo").out).at("kind") == "model");
  const std::string answer = run_line("predict --log quiet --model " + d + "/base --task-moe " + d +
                                      "/mixture --task zoo --max-new-tokens 3 --json " + d + "/zoo.jsonl")
                                 .out;
  CHECK(std::count(answer.begin(), answer.end(), '\n') == 8);

  const std::string eval = "eval --model DIR/base --suite DIR/suite.yaml --out DIR/refused ";
  check_bad_use(
      scratch.path(),
      {
          {eval + "--task-moe DIR/base", 3, {"--model"}},
          {eval + "--task-moe DIR/mixture --route hard", 2, {"--route", "argmax"}},
          {eval + "--base --route argmax", 2, {"--route", "no --task-moe"}},
          {eval + "--task-moe DIR/mixture --unknown-task mean", 2, {"--unknown-task", "no --modular"}},
          {eval + "--task-moe DIR/mixture --vectors DIR/base", 3, {"base"}},
          {eval + "--modular DIR/mixture", 3, {"kind task-moe"}},
          {"export --model DIR/base --task-moe DIR/mixture --task zo --out DIR/refused", 2, {"did you mean zoo?"}},
          {"export --model DIR/base --task-moe DIR/mixture --out DIR/refused", 2, {"--task: missing"}},
          {"predict --model DIR/base --task-moe DIR/mixture DIR/zoo.jsonl", 3, {"zoo.jsonl:1", "no task"}},
          {"predict --model DIR/base --task-moe DIR/mixture --modular DIR/m DIR/zoo.jsonl", 2, {"--task-moe"}},
      });
}
