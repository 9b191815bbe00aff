#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/report/comparison.h"

namespace phatgoose {
namespace {

Json json_of(const Difference& difference) {
  return {{"score", difference.score}, {"interval", difference.interval}, {"p", difference.p}};
}

Json json_of(const PairTest& test) {
  Json tasks = Json::object();
  for (const TaskDifference& task : test.tasks) {
    tasks[task.task] = json_of(task.difference);
    tasks[task.task]["p_holm"] = task.p_holm;
  }
  return {{"method", test.method},
          {"reference", test.reference},
          {"mean", json_of(test.mean)},
          {"tasks", std::move(tasks)}};
}

Json method_json(const Comparison::Row& row, const std::vector<std::string>& names) {
  Json tasks = Json::object();
  for (std::size_t t = 0; t < row.tasks.size(); ++t) {
    if (!row.tasks[t]) continue;
    tasks[names[t]] = *row.tasks[t];
    tasks[names[t]]["metric"] = row.tasks[t]->metric;
  }
  return {{"name", row.method},
          {"uses_labels", row.uses_labels},
          {"mean", row.mean},
          {"difference", row.difference ? json_of(*row.difference) : Json()},
          {"tasks", std::move(tasks)}};
}

Difference read_difference(const Json& json) {
  const MetricScore score = read_score(json, "difference");
  return {score.score, score.interval, json_get_or<double>(json, "p", 1)};  // results of 0.1 have none
}

Comparison::Row read_row(const Json& method, const std::vector<std::string>& names) {
  Comparison::Row row{
      json_get<std::string>(method, "name"), {}, read_score(json_get<Json>(method, "mean"), "mean"), {}, false};
  const Json tasks = json_get<Json>(method, "tasks");
  for (const std::string& task : names) {
    row.tasks.push_back(tasks.contains(task) ? std::optional(read_score(tasks.at(task), task)) : std::nullopt);
  }
  const Json difference = json_get_or<Json>(method, "difference", nullptr);
  if (!difference.is_null()) row.difference = read_difference(difference);
  row.uses_labels = json_get<bool>(method, "uses_labels");
  return row;
}

}  // namespace

Json comparison_json(const Comparison& comparison) {
  Json methods = Json::array(), tests = Json::array();
  for (const Comparison::Row& row : comparison.rows) methods.push_back(method_json(row, comparison.tasks));
  for (const PairTest& test : comparison.tests) tests.push_back(json_of(test));
  return {{"reference", comparison.reference},
          {"unit", "percent"},
          {"methods", std::move(methods)},
          {"tests", std::move(tests)}};
}

Comparison comparison_of(const Json& json) {
  Comparison comparison{.tasks = {}, .reference = json_get<std::string>(json, "reference"), .rows = {}, .tests = {}};
  const auto methods = json_get<std::vector<Json>>(json, "methods");
  for (const Json& method : methods) {
    const Json tasks = json_get<Json>(method, "tasks");
    for (const auto& [task, score] : tasks.items()) {
      if (std::ranges::find(comparison.tasks, task) == comparison.tasks.end()) comparison.tasks.push_back(task);
    }
  }
  for (const Json& method : methods) comparison.rows.push_back(read_row(method, comparison.tasks));
  return comparison;
}

}  // namespace phatgoose
