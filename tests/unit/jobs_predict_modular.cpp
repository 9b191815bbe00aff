// Modular multi-task adapters in predict: every line is answered with the LoRA of its task.
#include <catch2/catch.hpp>
#include <sstream>

#include "phatgoose/jobs/predict_job.h"
#include "support/fails_with.h"
#include "support/modular_runs.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ModularRuns;
using test::write_text;

constexpr const char* kChooseRow = R"({"input_ids": [5, 6, 7, 1], "choices_ids": [[8, 1], [9, 10, 1]]})";
constexpr const char* kWriteRow = R"({"input_ids": [15, 16, 1]})";

/// A row of JSON with more keys.
std::string row_with(const char* text, const Json& keys = Json::object()) {
  Json row = Json::parse(text);
  row.update(keys);
  return row.dump() + "\n";
}

/// What is answered to these lines.
std::vector<Json> predicted(const ModularRuns& runs, PredictSettings settings, const std::string& lines) {
  write_text(runs / "asked.jsonl", lines);
  settings.model = runs / "base";
  settings.input = runs / "asked.jsonl";
  settings.json = true;
  settings.max_new_tokens = 5;
  std::ostringstream out;
  predict(plan_predictions(settings), at::kCPU, at::kFloat, {.input = 0, .output = out});
  std::istringstream written(out.str());
  std::vector<Json> found;
  for (std::string line; std::getline(written, line);) found.push_back(Json::parse(line));
  return found;
}

PredictSettings with_expert(const ModularRuns& runs, const char* name) {
  PredictSettings settings;
  settings.expert = runs / name;
  return settings;
}

PredictSettings with_adapter(const ModularRuns& runs, const char* name = "adapter") {
  PredictSettings settings;
  settings.modular = runs / name;
  return settings;
}

void check_same_answer(const Json& found, const Json& expected) {
  CAPTURE(found.dump(), expected.dump());
  CHECK(found["output_ids"] == expected["output_ids"]);
  if (!expected.contains("log_likelihoods")) return;
  CHECK(found["choice"] == expected["choice"]);
  for (std::size_t i = 0; i < expected["log_likelihoods"].size(); ++i) {
    CHECK(found["log_likelihoods"][i].get<double>() ==
          Approx(expected["log_likelihoods"][i].get<double>()).margin(1e-5));
  }
}

}  // namespace

TEST_CASE("predict answers lines as the task that they name, or that the command names") {
  const ModularRuns runs;
  const ModularParameters adapter = runs.write("adapter", {"zoo", "station/ask", "kitchen"});
  const char* names[] = {"zoo", "ask", "kitchen"};
  std::vector<std::vector<Json>> expected;
  for (std::int64_t task = 0; task < 3; ++task) {
    runs.write_lora(names[task], adapter, task);
    expected.push_back(predicted(runs, with_expert(runs, names[task]), row_with(kChooseRow) + row_with(kWriteRow)));
  }
  CHECK(expected[0][0]["log_likelihoods"] != expected[2][0]["log_likelihoods"]);

  PredictSettings settings = with_adapter(runs);
  settings.task = "zoo";
  const auto found =
      predicted(runs, settings,
                row_with(kChooseRow) + row_with(kWriteRow, {{"task", "kitchen"}}) +
                    row_with(kChooseRow, {{"task", "station"}, {"template", "ask"}}) +
                    row_with(kChooseRow, {{"task", "kitchen"}}) + row_with(kWriteRow, {{"template", "other"}}));
  REQUIRE(found.size() == 5);
  check_same_answer(found[0], expected[0][0]);
  check_same_answer(found[1], expected[2][1]);
  check_same_answer(found[2], expected[1][0]);
  check_same_answer(found[3], expected[2][0]);
  check_same_answer(found[4], expected[0][1]);
}

TEST_CASE("predict answers lines without a task as a new one, or as the only one") {
  const ModularRuns runs;
  ModularParameters adapter = runs.write("adapter", {"zoo", "kitchen"});
  runs.write_lora("new", adapter, adapter.add_task(NewTask::mean));
  runs.write_lora("single", runs.write("only", {"zoo"}), 0);
  const std::string lines = row_with(kChooseRow) + row_with(kChooseRow, {{"task", "elsewhere"}});
  PredictSettings settings = with_adapter(runs);
  settings.unknown_task = "mean";
  const auto found = predicted(runs, settings, lines), expected = predicted(runs, with_expert(runs, "new"), lines);
  check_same_answer(found[0], expected[0]);
  check_same_answer(found[1], expected[1]);
  check_same_answer(predicted(runs, with_adapter(runs, "only"), row_with(kChooseRow)).at(0),
                    predicted(runs, with_expert(runs, "single"), row_with(kChooseRow)).at(0));
}

TEST_CASE("predict refuses tasks that the adapter does not know, and options that have no use") {
  const ModularRuns runs;
  runs.write("adapter", {"zoo", "kitchen"});
  runs.write("tlora", {"zoo"}, {.method = ModularMethod::tlora, .rank = 2, .skills = 2, .splits = 1, .order = 2});
  CHECK_THROWS_MATCHES(predicted(runs, with_adapter(runs), row_with(kChooseRow, {{"task", "zo"}})), Error,
                       FailsWith(ExitCode::bad_data, "asked.jsonl:1", "task \"zo\"", "did you mean zoo?"));
  CHECK_THROWS_MATCHES(predicted(runs, with_adapter(runs), row_with(kChooseRow)), Error,
                       FailsWith(ExitCode::bad_data, "asked.jsonl:1", "no task", "--task"));
  PredictSettings settings = with_adapter(runs);
  settings.task = "zo";
  CHECK_THROWS_MATCHES(plan_predictions(settings), Error,
                       FailsWith(ExitCode::usage, "--task: \"zo\"", "did you mean zoo?"));
  settings.modular = runs / "tlora";
  settings.model = runs / "base";
  CHECK_THROWS_MATCHES(plan_predictions(settings), Error, FailsWith(ExitCode::usage, "--task", "mixes by task"));
  settings.task.reset();
  CHECK(predicted(runs, settings, row_with(kChooseRow)).size() == 1);
  settings.unknown_task = "uniform";
  CHECK_THROWS_MATCHES(plan_predictions(settings), Error, FailsWith(ExitCode::usage, "--unknown-task"));
}

}  // namespace phatgoose
