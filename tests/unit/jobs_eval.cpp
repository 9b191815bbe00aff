#include "phatgoose/jobs/eval_job.h"

#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/report/results.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_directory.h"
#include "phatgoose/store/safetensors.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"
#include "support/tiny_runs.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::random_ids;
using test::read_text;
using test::write_text;

constexpr int kRows = 8;

/// Examples of two templates each.
class EvalRuns : public test::TinyRuns {
 public:
  EvalRuns()
      : TinyRuns(kRows, [](int i) {
          return Json{{"id", "example" + std::to_string(i / 2)}, {"template", i % 2 == 0 ? "plain" : "fancy"}};
        }) {}
};

Json without_timing(Json results) {
  CHECK(results.at("timing").at("wall_seconds") > 0);
  results.erase("timing");
  return results;
}
Json without_timing(const fs::path& out) { return without_timing(read_json((out / "results.json").string())); }

/// The scores of a single method.
std::optional<SuiteScore> evaluate_one(const EvalSettings& settings) {
  const std::optional<Evaluation> evaluation = test::evaluate(settings);
  if (!evaluation) return std::nullopt;
  return evaluation->methods.front().scores;
}

void check_same_scores(const SuiteScore& found, const SuiteScore& expected) {
  REQUIRE(found.tasks.size() == expected.tasks.size());
  for (std::size_t t = 0; t < expected.tasks.size(); ++t) {
    CHECK(found.tasks[t].task == expected.tasks[t].task);
    CHECK(found.tasks[t].rows == expected.tasks[t].rows);
    CHECK(found.tasks[t].examples == expected.tasks[t].examples);
    REQUIRE(found.tasks[t].metrics.size() == expected.tasks[t].metrics.size());
    for (std::size_t m = 0; m < expected.tasks[t].metrics.size(); ++m) {
      CHECK(found.tasks[t].metrics[m].score == expected.tasks[t].metrics[m].score);
      CHECK(found.tasks[t].metrics[m].interval.low == expected.tasks[t].metrics[m].interval.low);
      CHECK(found.tasks[t].metrics[m].interval.high == expected.tasks[t].metrics[m].interval.high);
    }
  }
  CHECK(found.mean.score == expected.mean.score);
}

TEST_CASE("results.json can be computed again from samples.jsonl") {
  const EvalRuns runs;
  const std::optional<SuiteScore> scores = evaluate_one(runs.settings("out"));
  REQUIRE(scores);
  CHECK(scores->tasks.front().rows == kRows);
  CHECK(scores->tasks.front().examples == kRows / 2);
  CHECK(scores->tasks.front().templates.size() == 2);
  const Results results = read_results(runs / "out/results.json");
  check_same_scores(results.scores, *scores);
  CHECK(results.json.at("tasks").at(0).at("templates") == templates_json(scores->tasks.front()).at("templates"));
  CHECK(results.json.at("uses_labels") == false);
  std::vector<Sample> samples = read_samples(runs / "out/samples.jsonl");
  CHECK(samples.size() == 2 * kRows);
  check_same_scores(score_suite(tally_samples(results.suite.tasks, samples)), *scores);
  CHECK_FALSE(fs::exists(runs / "out/partial"));
  CHECK_FALSE(fs::exists(runs / "out/routing.safetensors"));
}

TEST_CASE("a finished evaluation is not computed again, and another one is refused its directory") {
  const EvalRuns runs;
  const std::optional<SuiteScore> scores = evaluate_one(runs.settings("out"));
  const auto written = fs::last_write_time(runs / "out/samples.jsonl");
  const std::optional<SuiteScore> again = evaluate_one(runs.settings("out"));
  REQUIRE(again);
  check_same_scores(*again, *scores);
  CHECK(fs::last_write_time(runs / "out/samples.jsonl") == written);

  EvalSettings other = runs.settings("out");
  other.limit = 3;
  CHECK_THROWS_MATCHES(evaluate_one(other), Error, FailsWith(ExitCode::usage, "--limit"));
  write_text(runs / "foreign/file", "something");
  CHECK_THROWS_MATCHES(evaluate_one(runs.settings("foreign")), Error, FailsWith(ExitCode::usage, "--out"));
}

TEST_CASE("a finished evaluation is believed with its hashes only") {
  const EvalRuns runs;
  evaluate_one(runs.settings("out"));
  const std::string results = read_text(runs / "out/results.json");
  for (const char* name : {"results.json", "samples.jsonl"}) {
    CAPTURE(name);
    const std::string whole = read_text(runs / "out" / name);
    std::string damaged = whole;
    const std::size_t digit = damaged.find_first_of("0123456789");
    damaged[digit] = damaged[digit] == '1' ? '2' : '1';
    write_text(runs / "out" / name, damaged);
    CHECK_THROWS_MATCHES(evaluate_one(runs.settings("out")), Error,
                         FailsWith(ExitCode::bad_data, name, "hash", "remove " + (runs / "out").string()));
    write_text(runs / "out" / name, whole);
  }
  fs::remove_all(runs / "out");
  evaluate_one(runs.settings("out"));
  CHECK(without_timing(runs / "out") == without_timing(Json::parse(results)));
}

TEST_CASE("results count the rows whose choices the model cannot tell apart, and say so") {
  const EvalRuns runs;
  const std::string same = R"({"input_ids": [5, 6, 1], "choices_ids": [[7, 1], [8, 1], [7, 1]], "target_ids": [8, 1]})";
  write_text(runs / "rows.jsonl", R"({"input_ids": [5, 1], "choices_ids": [[7, 1], [8, 1]], "target_ids": [8, 1]})"
                                  "\n" +
                                      same + "\n" + same + "\n");
  const std::string said = test::stderr_of([&] { evaluate_one(runs.settings("out")); });
  CHECK_THAT(said, Catch::Contains("warning: task choose") && Catch::Contains("rows.jsonl") &&
                       Catch::Contains("2 of 3 rows have choices with identical tokens") && Catch::Contains("line 2"));
  const Json tasks = read_results(runs / "out/results.json").json.at("tasks");
  CHECK(tasks.at(0).at("rows_with").at("alike_choices") == 2);
  CHECK(tasks.at(0).at("rows_with").at("undecidable_choices") == 0);
  CHECK(tasks.at(1).at("rows_with").at("alike_choices") == 0);  // generation looks at no choices
}

void check_same_results(const fs::path& found, const fs::path& expected) {
  CHECK(read_text(found / "samples.jsonl") == read_text(expected / "samples.jsonl"));
  Json ours = without_timing(found), theirs = without_timing(expected);
  ours["settings"].erase("out");
  theirs["settings"].erase("out");
  CHECK(ours == theirs);
}

TEST_CASE("an evaluation that is stopped after every pass ends with the same results") {
  const EvalRuns runs;
  EvalSettings settings = runs.settings("whole");
  settings.pass_tokens = 30;
  REQUIRE(evaluate_one(settings));
  settings.out = runs / "stopped";
  int stops = 0;
  request_stop();
  while (!evaluate_one(settings)) {
    ++stops;
    CHECK_FALSE(fs::exists(runs / "stopped/manifest.json"));
    REQUIRE(stops < 2 * kRows);
  }
  CHECK(stops > 4);  // within the tasks, too
  check_same_results(runs / "stopped", runs / "whole");
  CHECK_FALSE(fs::exists(runs / "stopped/partial"));
}

TEST_CASE("answers are saved while an evaluation runs, and are not computed again") {
  const EvalRuns runs;
  EvalSettings settings = runs.settings("whole");
  settings.pass_tokens = 30;
  REQUIRE(evaluate_one(settings));
  settings.out = runs / "stopped";
  request_stop();
  CHECK_FALSE(evaluate_one(settings));
  clear_stop_request();
  const fs::path chunk = runs / "stopped/partial/0-0.samples.jsonl";
  std::vector<Sample> samples = read_samples(chunk);
  const auto saved = std::ssize(samples);
  REQUIRE((saved > 0 && saved < kRows));
  const std::int64_t row = samples.front().row;
  samples.front().log_likelihoods.front() = -1234.5;
  write_samples(chunk, samples);
  SECTION("with the same passes") {}
  SECTION("nor with passes of another size") { settings.pass_tokens = 4096; }
  REQUIRE(evaluate_one(settings));
  const std::vector<Sample> all = read_samples(runs / "stopped/samples.jsonl");
  CHECK(all.size() == 2 * kRows);
  CHECK(all[row].log_likelihoods.front() == -1234.5);
}

TEST_CASE("how often answers are saved does not change them") {
  const EvalRuns runs;
  EvalSettings settings = runs.settings("whole");
  settings.pass_tokens = 30;
  REQUIRE(evaluate_one(settings));
  settings.out = runs / "often";
  EvalPlan plan = plan_evaluation(settings);
  plan.save_interval = {};  // after every pass
  REQUIRE(evaluate(plan, at::kCPU, at::kFloat));
  check_same_results(runs / "often", runs / "whole");
}

TEST_CASE("tasks and rows can be left out") {
  const EvalRuns runs;
  EvalSettings settings = runs.settings("out");
  settings.tasks = {"choose"};
  settings.limit = 3;
  const std::optional<SuiteScore> scores = evaluate_one(settings);
  REQUIRE(scores);
  REQUIRE(scores->tasks.size() == 1);
  CHECK(scores->tasks.front().rows == 3);

  settings = runs.settings("both");
  settings.tasks = {"write,choose"};
  CHECK(evaluate_one(settings)->tasks.size() == 2);
  settings = runs.settings("neither");
  settings.tasks = {"chose"};
  CHECK_THROWS_MATCHES(evaluate_one(settings), Error, FailsWith(ExitCode::usage, "--tasks", "chose", "choose, write"));
  CHECK_FALSE(fs::exists(runs / "neither"));
}

/// Writes an expert of random factors with a gate.
void write_expert(const fs::path& directory, std::uint64_t seed) {
  make_directories(directory);
  const at::NoGradGuard no_grad;
  ExpertParameters expert = ExpertParameters::initial(linear_groups(test::tiny_config()), 2, seed, at::kCPU);
  expert.reset_gates();
  for (const auto& group : expert.groups()) {
    group->b.normal_(0, 0.5);
    group->a.normal_(0, 0.5);
    group->v.normal_();
  }
  expert.save_adapter(directory, "base");
  expert.save_gate(directory);
}

TEST_CASE("an expert and a routed model are evaluated with their adapters, and routing is recorded") {
  const EvalRuns runs;
  write_expert(runs / "one", 1);
  write_expert(runs / "two", 2);
  const double base = read_samples((evaluate_one(runs.settings("base-out")), runs / "base-out/samples.jsonl"))
                          .front()
                          .log_likelihoods.front();

  EvalSettings settings = runs.settings("expert-out");
  settings.experts = {runs / "one"};
  REQUIRE(evaluate_one(settings));
  const double expert = read_samples(runs / "expert-out/samples.jsonl").front().log_likelihoods.front();
  CHECK(expert != base);

  RoutedModelManifest manifest;
  manifest.base_path = runs / "base";
  manifest.base_fingerprint = base_fingerprint(runs / "base");
  manifest.routing.k = 1;
  for (const char* name : {"one", "two"}) {
    const ExpertDirectory directory = ExpertDirectory::open(runs / name);
    manifest.experts.push_back(
        {name,
         std::string("../") + name,
         {{"adapter_model.safetensors", directory.adapter_hash()}, {"gate.safetensors", directory.gate_hash()}}});
  }
  make_directories(runs / "routed");
  write_routed_model(runs / "routed", manifest);
  settings = runs.settings("routed-out");
  settings.routed = {runs / "routed"};
  REQUIRE(evaluate_one(settings));
  CHECK(read_samples(runs / "routed-out/samples.jsonl").front().log_likelihoods.front() != expert);

  const SafetensorsFile routing(runs / "routed-out/routing.safetensors");
  const auto linears = static_cast<std::int64_t>(adapted_linears(test::tiny_config()).size());
  CHECK(Json::parse(routing.metadata().at("experts")) == Json({"one", "two"}));
  CHECK(Json::parse(routing.metadata().at("linears")).size() == static_cast<std::size_t>(linears));
  for (const std::string task : {"choose", "write"}) {
    const auto& counts = routing.at(task + ".counts", {linears, 2});
    const auto& tokens = routing.at(task + ".tokens", {linears});
    routing.at(task + ".weights", {linears, 2});
    const auto* count = reinterpret_cast<const std::int64_t*>(counts.bytes.data());
    const auto* token = reinterpret_cast<const std::int64_t*>(tokens.bytes.data());
    for (std::int64_t linear = 0; linear < linears; ++linear) {
      CHECK(token[linear] > 0);
      CHECK(count[2 * linear] + count[2 * linear + 1] == token[linear]);  // k = 1
    }
  }
}

TEST_CASE("bad rows are skipped where that is wanted, and results.json counts them") {
  const EvalRuns runs;
  EvalSettings settings = runs.settings("out");
  const fs::path rows = fs::path(settings.suite).parent_path() / "rows.jsonl";
  write_text(rows, "{}\n" + read_text(rows) + "{\n");
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error, FailsWith(ExitCode::bad_data, "rows.jsonl:1: no \"input\""));
  settings.reading.skip_bad_rows = true;
  test::evaluate(settings);
  const Json results = read_json(settings.out + "/results.json");
  for (const Json& task : results.at("tasks")) {
    CHECK(task.at("rows") == kRows);
    CHECK(task.at("skipped_rows") == 2);
    CHECK(task.at("bad_rows")[0] == Json({{"line", 1}, {"message", "no \"input\"; expected a string"}}));
    CHECK(task.at("bad_rows")[1].at("line") == kRows + 2);
  }
}

TEST_CASE("a row without a right choice is a bad row to choose in, and none to write for") {
  const EvalRuns runs;
  EvalSettings settings = runs.settings("out");
  const fs::path rows = runs / "rows.jsonl";
  write_text(rows, read_text(rows) + R"({"input_ids": [5, 1], "choices_ids": [[7, 1]], "target_ids": [8, 1]})" + "\n");
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error, FailsWith(ExitCode::bad_data, "rows.jsonl:9", "no choice"));
  settings.reading.skip_bad_rows = true;
  const std::string said = test::stderr_of([&] { test::evaluate(settings); });
  CHECK_THAT(said, Catch::Contains("1 bad row was skipped") && Catch::Contains("rows.jsonl:9: no choice"));
  const Json tasks = read_json(settings.out + "/results.json").at("tasks");
  CHECK(tasks[0].at("rows") == kRows);
  CHECK(tasks[0].at("bad_rows")[0].at("line") == 9);
  CHECK(tasks[1].at("rows") == kRows + 1);
  CHECK(tasks[1].at("bad_rows").empty());

  write_text(rows, R"({"input_ids": [5, 1], "choices_ids": [[7, 1]], "target_ids": [8, 1]})");
  settings.out = runs / "none";
  CHECK_THROWS_MATCHES(test::evaluate(settings), Error,
                       FailsWith(ExitCode::bad_data, "task choose", "no row that can be evaluated"));
}

}  // namespace
}  // namespace phatgoose
