// Modular multi-task adapters as methods of eval: every row is answered with the LoRA of its task.
#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/modular_runs.h"

namespace phatgoose {
namespace {

using test::evaluate;
using test::FailsWith;
using test::ModularRuns;
using test::same_answer;
using test::write_text;

const std::vector<std::string> kTasks = {"other", "choose", "write"};

/// Every row of a task is answered as by one of several experts, and not as by all of them.
void check_answered_as(const ModularRuns& runs, const std::string& out, const std::string& task,
                       const std::function<std::string(std::int64_t)>& expert) {
  const auto found = runs.samples(out, task);
  REQUIRE_FALSE(found.empty());
  for (const auto& [row, sample] : found) {
    CAPTURE(task, row);
    CHECK(same_answer(sample, runs.samples(expert(row), task).at(row)));
  }
}

}  // namespace

TEST_CASE("a modular adapter answers the tasks of a suite as the LoRA of each does") {
  const auto shape = GENERATE(
      test::tiny_poly(), ModularShape{ModularMethod::mhr, 2, 2, 4, 1}, ModularShape{ModularMethod::tlora, 2, 3, 1, 2},
      ModularShape{ModularMethod::tensorpoly_1, 2, 3, 1, 2}, ModularShape{ModularMethod::tensorpoly_2, 2, 3, 1, 4});
  CAPTURE(name_of(shape.method));
  const ModularRuns runs;
  const ModularParameters adapter = runs.write("adapter", kTasks, shape);
  for (std::int64_t task = 0; task < 3; ++task) runs.write_lora(kTasks[task], adapter, task);
  REQUIRE(evaluate(runs.of("out", {"other", "choose", "write"}, {"adapter"})));
  check_answered_as(runs, "out/adapter", "choose", [](std::int64_t) { return "out/choose"; });
  check_answered_as(runs, "out/adapter", "write", [](std::int64_t) { return "out/write"; });
  const auto choose = runs.samples("out/adapter", "choose"), other = runs.samples("out/other", "choose");
  CHECK(same_answer(choose.at(0), other.at(0)) == !has_routing(shape.method));
}

TEST_CASE("rows of several tasks in one file are answered as what they name, the same input in several ways") {
  const ModularRuns runs;
  std::string rows;
  for (const Record& record : read_records(runs / "rows.jsonl")) {
    for (const std::string& task : kTasks) {
      rows += Json{{"input_ids", record.input_ids},
                   {"choices_ids", record.choices_ids},
                   {"target_ids", record.target_ids},
                   {"task", task}}
                  .dump() +
              "\n";
    }
  }
  write_text(runs / "rows.jsonl", rows);
  const ModularParameters adapter = runs.write("adapter", kTasks);
  for (std::int64_t task = 0; task < 3; ++task) runs.write_lora(kTasks[task], adapter, task);
  EvalSettings settings = runs.of("out", {"other", "choose", "write"}, {"adapter"});
  settings.base = true;
  settings.pass_tokens = GENERATE(30, 4096);
  REQUIRE(evaluate(settings));
  for (const char* task : {"choose", "write"}) {
    check_answered_as(runs, "out/adapter", task, [](std::int64_t row) { return "out/" + kTasks[row % 3]; });
  }
}

TEST_CASE("a suite says what the adapter calls its task") {
  const ModularRuns runs;
  write_text(runs / "suite.yaml",
             "name: s\ntasks: [{name: mine, data: rows.jsonl, kind: rank_classification, expert: other}]\n");
  runs.write_lora("other", runs.write("adapter", kTasks), 0);
  REQUIRE(evaluate(runs.of("out", {"other"}, {"adapter"})));
  check_answered_as(runs, "out/adapter", "mine", [](std::int64_t) { return "out/other"; });
}

TEST_CASE("an adapter that was trained by template answers each row as the task of its template") {
  const ModularRuns runs([](int row) { return Json{{"template", row % 2 == 0 ? "ask" : "tell"}}; });
  const std::vector<std::string> tasks = {"choose/tell", "write", "choose/ask"};
  const ModularParameters adapter = runs.write("adapter", tasks);
  runs.write_lora("tell", adapter, 0);
  runs.write_lora("write", adapter, 1);
  runs.write_lora("ask", adapter, 2);
  REQUIRE(evaluate(runs.of("out", {"tell", "write", "ask"}, {"adapter"})));
  check_answered_as(runs, "out/adapter", "choose",
                    [](std::int64_t row) { return row % 2 == 0 ? "out/ask" : "out/tell"; });
  check_answered_as(runs, "out/adapter", "write", [](std::int64_t) { return "out/write"; });
}

TEST_CASE("tasks that the adapter does not know are refused before anything is computed") {
  SECTION("the suite's") {
    const ModularRuns runs;
    runs.write("adapter", {"chose", "write"});
    CHECK_THROWS_MATCHES(evaluate(runs.of("out", {}, {"adapter"})), Error,
                         FailsWith(ExitCode::bad_data, "task choose (", "rows.jsonl", "task \"choose\"",
                                   "did you mean chose?", "--unknown-task uniform"));
    CHECK_FALSE(fs::exists(runs / "out"));
  }
  SECTION("a row's, with another method before it") {
    const ModularRuns runs([](int row) { return row == 3 ? Json{{"task", "othr"}} : Json::object(); });
    runs.write("adapter", kTasks);
    EvalSettings settings = runs.of("out", {}, {"adapter"});
    settings.base = true;
    settings.unknown_task = "error";
    CHECK_THROWS_MATCHES(evaluate(settings), Error,
                         FailsWith(ExitCode::bad_data, "rows.jsonl:4", "task \"othr\"", "did you mean other?"));
    CHECK_FALSE(fs::exists(runs / "out/base/results.json"));
    CHECK_FALSE(fs::exists(runs / "out/base/partial"));
  }
}

TEST_CASE("an unknown task mixes all skills alike, or as the mean of the tasks' logits") {
  const NewTask rule = GENERATE(NewTask::uniform, NewTask::mean);
  const ModularRuns runs;
  ModularParameters adapter = runs.write("adapter", {"other", "choose"});
  runs.write_lora("choose", adapter, 1);
  runs.write_lora("new", adapter, adapter.add_task(rule));
  EvalSettings settings = runs.of("out", {"choose", "new"}, {"adapter"});
  settings.unknown_task = rule == NewTask::mean ? "mean" : "uniform";
  REQUIRE(evaluate(settings));
  check_answered_as(runs, "out/adapter", "choose", [](std::int64_t) { return "out/choose"; });
  check_answered_as(runs, "out/adapter", "write", [](std::int64_t) { return "out/new"; });
  CHECK_FALSE(same_answer(runs.samples("out/new", "choose").at(0), runs.samples("out/choose", "choose").at(0)));
}

TEST_CASE("a modular adapter does not share the base's encoder states") {
  const ModularRuns runs;
  runs.write("adapter", kTasks);
  runs.write("other", kTasks);
  EvalSettings settings = runs.of("out", {}, {"adapter", "other"});
  settings.base = true;
  for (const EvalMethod& method : plan_evaluation(settings).methods) CHECK_FALSE(method.shares_encoder);
}

TEST_CASE("results say which adapter they are of, and a run continues with the same adapter and rule only") {
  const ModularRuns runs;
  runs.write("adapter", kTasks);
  EvalSettings settings = runs.of("out", {}, {"adapter"});
  REQUIRE(evaluate(settings));
  const Json results = read_json(runs / "out/results.json");
  CHECK(results["hashes"]["modular"] == ModularDirectory::open(runs / "adapter").hash());
  CHECK_FALSE(results["hashes"].contains("expert"));
  CHECK(results["settings"]["modular"] == Json{(runs / "adapter").string()});
  CHECK(results["settings"]["unknown-task"].is_null());
  EvalSettings changed = settings;
  changed.unknown_task = "mean";
  CHECK_THROWS_MATCHES(evaluate(changed), Error, FailsWith(ExitCode::usage, "--unknown-task", "mean"));
  runs.write("adapter", {"choose", "other", "write"});
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "--modular", "not what the run"));
}

TEST_CASE("modular adapters stand in methods files, and can be given other names") {
  const ModularRuns runs;
  ModularParameters adapter = runs.write("adapter", {"other", "choose"});
  runs.write_lora("new", adapter, adapter.add_task(NewTask::mean));
  write_text(
      runs / "methods.yaml",
      "- {name: mean, modular: adapter, unknown-task: mean}\n- {name: one, modular: adapter, tasks: [choose]}\n");
  EvalSettings settings = runs.of("out", {"new"}, {});
  settings.modular = {"again=" + (runs / "adapter").string()};
  settings.unknown_task = "mean";
  settings.methods = runs / "methods.yaml";
  const auto evaluated = evaluate(settings);
  REQUIRE(evaluated);
  std::vector<std::string> names;
  for (const EvalMethod& method : plan_evaluation(settings).methods) names.push_back(method.name);
  CHECK(names == std::vector<std::string>{"new", "again", "mean", "one"});
  check_answered_as(runs, "out/mean", "write", [](std::int64_t) { return "out/new"; });
  CHECK(test::read_text(runs / "out/again/samples.jsonl") == test::read_text(runs / "out/mean/samples.jsonl"));
  CHECK(read_json(runs / "out/mean/results.json")["settings"]["unknown-task"] == "mean");
  CHECK(read_json(runs / "out/one/results.json")["settings"]["unknown-task"].is_null());
}

TEST_CASE("what does not fit a modular adapter is refused") {
  const ModularRuns runs;
  runs.write("poly", kTasks);
  runs.write("tlora", kTasks, {.method = ModularMethod::tlora, .rank = 2, .skills = 2, .splits = 1, .order = 2});
  runs.write_lora("expert", runs.write("poly", kTasks), 0);
  EvalSettings settings = runs.of("out", {}, {"tlora"});
  settings.unknown_task = "uniform";
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "--unknown-task", "mixes by task"));
  settings.modular = {};
  CHECK_THROWS_MATCHES(evaluate(settings), Error, FailsWith(ExitCode::usage, "--unknown-task", "no --modular"));
  CHECK_THROWS_MATCHES(evaluate(runs.of("out", {}, {"expert"})), Error, FailsWith(ExitCode::bad_data, "expert"));
  CHECK_THROWS_MATCHES(evaluate(runs.of("out", {"poly"}, {})), Error, FailsWith(ExitCode::bad_data, "modular adapter"));
  CHECK_THROWS_MATCHES(evaluate(runs.of("out", {}, {"poly", "poly"})), Error,
                       FailsWith(ExitCode::usage, "two methods called poly"));
  write_text(runs / "methods.yaml", "- {name: a, base: true}\n- {name: b, modular: tlora, unknown-task: mean}\n");
  settings = runs.settings("out");
  settings.methods = runs / "methods.yaml";
  CHECK_THROWS_MATCHES(evaluate(settings), Error,
                       FailsWith(ExitCode::bad_data, "methods.yaml:2", "the same for every task"));
  Json manifest = read_json(runs / "poly/manifest.json");
  manifest["base"]["fingerprint"] = "0123456789abcdef";
  write_text(runs / "poly/manifest.json", manifest.dump());
  CHECK_THROWS_MATCHES(evaluate(runs.of("out", {}, {"poly"})), Error,
                       FailsWith(ExitCode::bad_data, "poly", "0123456789abcdef"));
  CHECK_FALSE(fs::exists(runs / "out"));
}

}  // namespace phatgoose
