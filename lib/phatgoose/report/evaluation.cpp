#include "phatgoose/report/evaluation.h"

#include <algorithm>
#include <iterator>

#include "phatgoose/data/missing_tasks.h"
#include "phatgoose/report/comparison_table.h"
#include "phatgoose/report/stored_run.h"

namespace phatgoose {
namespace {

constexpr const char* kMethodsFile = "methods.json";

/// The tasks by these names, from whichever method has them.
std::vector<Task> tasks_named(const std::vector<std::string>& names, const std::vector<MethodResult>& methods) {
  std::vector<Task> tasks;
  for (const std::string& name : names) {
    for (const MethodResult& method : methods) {
      const TaskTally* tally = find_tally(method.tallies, name);
      if (tally == nullptr) continue;
      tasks.push_back(tally->task());
      break;
    }
  }
  return tasks;
}

}  // namespace

Evaluation conclude_evaluation(const fs::path& out, const EvaluatedMethods& evaluated) {
  std::optional<Results> first;
  std::vector<MethodResult> results, experts;
  for (const EvaluatedMethod& method : evaluated.methods) {
    StoredRun run = read_run(method.directory);
    results.push_back({method.name, run.tallies, score_suite(run.tallies), method.uses_labels});
    if (method.is_expert) experts.push_back(results.back());
    if (!first) first = std::move(run.results);
  }
  const std::vector<Task> tasks = tasks_named(evaluated.tasks, results);
  std::ranges::move(reference_rows(tasks, experts), std::back_inserter(results));
  const std::string note = missing_note(first->suite);
  if (results.size() == 1) return {std::move(results), std::nullopt, std::move(first->json), note};
  Comparison comparison = compare(tasks, results, evaluated.reference);
  write_file(out / "comparison.json", comparison_json(comparison).dump(2) + "\n");
  return {std::move(results), std::move(comparison), std::move(first->json), note};
}

std::string Evaluation::table() const {
  return (comparison ? comparison_table(*comparison) : suite_table(methods.front().scores)).text() + note;
}

Json Evaluation::json() const { return comparison ? comparison_json(*comparison) : results; }

void write_methods(const fs::path& out, const EvaluatedMethods& evaluated) {
  Json methods = Json::array();
  for (const EvaluatedMethod& method : evaluated.methods) {
    methods.push_back({{"name", method.name}, {"uses_labels", method.uses_labels}, {"is_expert", method.is_expert}});
  }
  const Json json = {{"reference", evaluated.reference}, {"tasks", evaluated.tasks}, {"methods", std::move(methods)}};
  write_file(out / kMethodsFile, json.dump(2) + "\n");
}

EvaluatedMethods read_evaluated_methods(const fs::path& out) {
  return read_json(out / kMethodsFile, [&](const Json& json) {
    EvaluatedMethods evaluated{.methods = {},
                               .tasks = json_get<std::vector<std::string>>(json, "tasks"),
                               .reference = json_get<std::string>(json, "reference")};
    const Json methods = json_get<Json>(json, "methods");
    for (const Json& method : methods) {
      const auto name = json_get<std::string>(method, "name");
      evaluated.methods.push_back(
          {name, out / name, json_get<bool>(method, "uses_labels"), json_get<bool>(method, "is_expert")});
    }
    return evaluated;
  });
}

}  // namespace phatgoose
