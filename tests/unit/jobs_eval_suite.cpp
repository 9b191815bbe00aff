// What of a suite is evaluated: the rows that its templates leave, and the tasks that have data.
#include <catch2/catch.hpp>

#include "phatgoose/base/log.h"
#include "phatgoose/jobs/eval_job.h"
#include "phatgoose/report/results.h"
#include "support/evaluate.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::write_text;

/// A tiny base, and data of six examples with the templates "plain" and "fancy one"; every row is a line of its own.
class SuiteRuns {
 public:
  SuiteRuns() {
    set_log_level(LogLevel::quiet);
    make_directories(directory_ / "base");
    test::tiny_model().save(directory_ / "base", at::kFloat);
    std::string rows;
    for (int example = 0; example < 6; ++example) {
      for (const char* name : {"plain", "fancy_one"}) {
        const Json row = {{"id", "example" + std::to_string(example)},
                          {"template", name},
                          {"input_ids", {5, 6, 1}},
                          {"choices_ids", {{8, 1}, {9, 10, 1}}},
                          {"target_ids", {8, 1}}};
        rows += row.dump() + "\n";
      }
    }
    write_text(directory_ / "root/rows.jsonl", rows);
  }
  ~SuiteRuns() { set_log_level(LogLevel::info); }

  /// Settings for a suite of these tasks, each a flow mapping, into the directory `out`.
  EvalSettings settings(const std::vector<std::string>& tasks, const std::string& out = "out") const {
    std::string yaml = "name: s\nsource: the hub\ntasks:\n";
    for (const std::string& task : tasks) yaml += "  - {kind: rank_classification, " + task + "}\n";
    write_text(directory_ / "suite.yaml", yaml);
    EvalSettings settings;
    settings.model = directory_ / "base";
    settings.suite = directory_ / "suite.yaml";
    settings.data_dir = directory_ / "root";
    settings.out = directory_ / out;
    return settings;
  }

  Json results(const std::string& out = "out") const { return read_results(directory_ / out / "results.json").json; }
  std::vector<std::int64_t> rows(const std::string& out = "out") const {
    std::vector<std::int64_t> rows;
    for (const Sample& sample : read_samples(directory_ / out / "samples.jsonl")) rows.push_back(sample.row);
    return rows;
  }
  fs::path operator/(const std::string& name) const { return directory_ / name; }

 private:
  test::ScratchDirectory directory_;
};

using Rows = std::vector<std::int64_t>;

const std::string kTask = "name: t, data: rows.jsonl";
const std::string kGated = "name: gated, data: none.jsonl, may_be_missing: true";

TEST_CASE("rows whose templates are not asked are left out and counted, before --limit") {
  const SuiteRuns runs;
  EvalSettings settings = runs.settings({kTask + ", templates: [fancy one]"});
  settings.limit = 4;
  test::evaluate(settings);
  CHECK(runs.rows() == Rows{1, 3, 5, 7});
  const Json task = runs.results().at("tasks").at(0);
  CHECK(task.at("rows") == 4);
  CHECK(task.at("rows_available") == 12);
  CHECK(task.at("rows_left_out") == 6);
  CHECK(task.at("template_rule").at("templates") == Json({"fancy one"}));

  settings = runs.settings({kTask + ", in_turn: true"}, "turns");
  test::evaluate(settings);
  CHECK(runs.rows("turns") == Rows{0, 3, 4, 7, 8, 11});
  CHECK(runs.results("turns").at("tasks").at(0).at("examples") == 6);

  settings = runs.settings({kTask + ", without_templates: [fancy one]"}, "drawn");
  settings.limit = 5;
  settings.limit_seed = 2;
  test::evaluate(settings);
  const Rows drawn = runs.rows("drawn");
  CHECK(drawn.size() == 5);
  CHECK(std::ranges::all_of(drawn, [](std::int64_t row) { return row % 2 == 0; }));
}

TEST_CASE("a template that no row has is said; a task without rows is an error") {
  const SuiteRuns runs;
  set_log_level(LogLevel::info);
  const EvalSettings settings = runs.settings({kTask + ", templates: [plain, must be true, exercise]"});
  const std::string said = test::stderr_of([&] { test::evaluate(settings); });
  CHECK_THAT(said, Catch::Contains("task t: no row has the template \"must be true\" or \"exercise\"\n"));
  CHECK_THAT(said, Catch::Contains("task t: its templates leave out 6 of 12 rows\n"));
  CHECK_THROWS_MATCHES(test::evaluate(runs.settings({kTask + ", templates: [exercise]"}, "none")), Error,
                       FailsWith(ExitCode::bad_data, "rows.jsonl", "task t", "\"fancy_one\", \"plain\""));
  CHECK_FALSE(fs::exists(runs / "none"));
}

TEST_CASE("tasks without data are left out where that is allowed, and the results say so") {
  const SuiteRuns runs;
  EvalSettings settings = runs.settings({kTask, kGated});
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error,
                       FailsWith(ExitCode::bad_data, "none.jsonl", "--allow-missing", "the hub"));
  CHECK_FALSE(fs::exists(runs / "out"));
  settings.allow_missing = true;
  const std::optional<Evaluation> evaluation = test::evaluate(settings);
  REQUIRE(evaluation);
  CHECK_THAT(evaluation->table(), Catch::Contains("The mean is over 1 of 2 tasks; there is no data for gated.\n"));
  CHECK(runs.results().at("missing_tasks") == Json({"gated"}));
  CHECK(runs.results().at("tasks").size() == 1);

  // asked for by name only tasks with data count
  settings = runs.settings({kTask, kGated}, "named");
  settings.tasks = {"t"};
  CHECK_THAT(test::evaluate(settings)->table(), !Catch::Contains("no data"));
  CHECK(runs.results("named").at("missing_tasks") == Json::array());
  settings.out = runs / "missing";
  settings.tasks = {"gated"};
  settings.allow_missing = true;
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error, FailsWith(ExitCode::bad_data, "1 of 1 tasks"));
}

TEST_CASE("a method of a methods file does without the tasks that have no data") {
  const SuiteRuns runs;
  write_text(runs / "methods.yaml",
             "- {name: all, base: true}\n- {name: some, base: true, tasks: [t, gated]}\n"
             "- {name: t only, base: true, tasks: [t]}\n");
  EvalSettings settings = runs.settings({kTask, kGated});
  settings.methods = runs / "methods.yaml";
  settings.allow_missing = true;
  CHECK_THAT(test::evaluate(settings)->table(), Catch::Contains("1 of 2 tasks"));
  CHECK(runs.results("out/some").at("missing_tasks") == Json({"gated"}));
  CHECK(runs.results("out/t only").at("missing_tasks") == Json::array());

  write_text(runs / "methods.yaml", "- {name: all, base: true}\n- {name: none, base: true, tasks: [gated]}\n");
  settings.out = runs / "none";
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error,
                       FailsWith(ExitCode::bad_data, "methods.yaml:2", "only tasks without data: gated"));
}

TEST_CASE("a run continues with its data in another directory, but not with more tasks") {
  const SuiteRuns runs;
  EvalSettings settings = runs.settings({kTask, kGated});
  settings.allow_missing = true;
  test::evaluate(settings);
  const auto written = fs::last_write_time(runs / "out/results.json");
  fs::rename(runs / "root", runs / "moved");
  settings.data_dir = runs / "moved";
  CHECK(test::evaluate(settings));
  CHECK(fs::last_write_time(runs / "out/results.json") == written);
  fs::copy(runs / "moved/rows.jsonl", runs / "moved/none.jsonl");
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error, FailsWith(ExitCode::usage, "--suite", "began with"));
  settings.data_dir = runs / "root";
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error, FailsWith(ExitCode::bad_data, "root: no such directory"));
}

}  // namespace
}  // namespace phatgoose
