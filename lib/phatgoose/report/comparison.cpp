#include "phatgoose/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/report/table.h"

namespace phatgoose {
namespace {

constexpr const char *kBestIndividual = "best-individual", *kOracle = "oracle", *kOwnExpert = "own-expert";
constexpr const char *kIntervalTitle = "95 % interval", *kUsesLabels = "uses labels";
constexpr std::size_t kWidest = 100;  // columns of a table with a line for each method

double score_of(const MethodResult& result, std::size_t task) {
  return result.scores.tasks[task].metrics.front().score;
}

void take_task(const MethodResult& from, const std::string& task, std::vector<Sample>& samples) {
  std::ranges::copy_if(from.samples, std::back_inserter(samples),
                       [&](const Sample& sample) { return sample.task == task; });
}

std::vector<MethodResult> with_all_tasks(const std::vector<MethodResult>& experts, std::size_t tasks) {
  std::vector<MethodResult> complete;
  std::ranges::copy_if(experts, std::back_inserter(complete),
                       [&](const MethodResult& expert) { return expert.scores.tasks.size() == tasks; });
  return complete;
}

MethodResult best_individual(const std::vector<MethodResult>& experts) {
  const auto best = std::ranges::max_element(
      experts, [](const MethodResult& a, const MethodResult& b) { return a.scores.mean.score < b.scores.mean.score; });
  return {kBestIndividual, best->samples, best->scores, true};
}

MethodResult oracle(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts) {
  MethodResult row{kOracle, {}, {}, true};
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const auto best = std::ranges::max_element(
        experts, [&](const MethodResult& a, const MethodResult& b) { return score_of(a, t) < score_of(b, t); });
    take_task(*best, tasks[t].name, row.samples);
  }
  row.scores = score_suite(tasks, row.samples);
  return row;
}

/// The tasks of `tasks` that the method has.
std::vector<Task> tasks_of(const std::vector<Task>& tasks, const MethodResult& method) {
  std::vector<Task> own;
  std::ranges::copy_if(tasks, std::back_inserter(own), [&](const Task& task) {
    return std::ranges::find(method.scores.tasks, task.name, &TaskScore::task) != method.scores.tasks.end();
  });
  return own;
}

/// None where no task has an expert of its own.
std::optional<MethodResult> own_experts(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts) {
  MethodResult row{kOwnExpert, {}, {}, false};
  std::vector<Task> owned;
  for (const Task& task : tasks) {
    const auto expert = std::ranges::find(experts, task.own_expert(), &MethodResult::name);
    if (expert == experts.end() || tasks_of({task}, *expert).empty()) continue;
    owned.push_back(task);
    take_task(*expert, task.name, row.samples);
  }
  if (owned.empty()) return std::nullopt;
  row.scores = score_suite(owned, row.samples);
  return row;
}

/// Over the tasks that the method has, all of which the reference must have, too.
std::optional<MetricScore> difference_to(const MethodResult& reference, const MethodResult& method,
                                         const std::vector<Task>& tasks) {
  const std::vector<Task> own = tasks_of(tasks, method);
  if (&method == &reference || tasks_of(own, reference).size() < own.size()) return std::nullopt;
  std::vector<Sample> samples;
  for (const Task& task : own) take_task(reference, task.name, samples);
  return paired_difference(own, method.samples, std::move(samples));
}

/// "1 of 2 tasks"; empty for a method that has all.
std::string coverage_of(const Comparison::Row& row) {
  const auto present = std::ranges::count_if(row.tasks, [](const auto& task) { return task.has_value(); });
  if (present == std::ssize(row.tasks)) return "";
  return fmt::format("{} of {} tasks", present, row.tasks.size());
}

/// What is to be known in addition to the numbers of a row.
std::string note_of(const Comparison::Row& row) {
  const std::string coverage = coverage_of(row);
  if (!row.uses_labels) return coverage;
  return coverage.empty() ? kUsesLabels : fmt::format("{}, {}", kUsesLabels, coverage);
}

std::string difference_text(const Comparison::Row& row) {
  return row.difference ? fmt::format("{:+.1f}", row.difference->score) : "";
}
std::string difference_interval_text(const Comparison::Row& row) {
  return row.difference ? interval_text(row.difference->interval) : "";
}
std::string task_text(const Comparison::Row& row, std::size_t task) {
  return row.tasks[task] ? score_text(*row.tasks[task]) : "-";
}

/// The numbers of the columns between the first and `end`.
std::vector<std::size_t> columns_until(std::size_t end) {
  std::vector<std::size_t> columns(end - 1);
  std::iota(columns.begin(), columns.end(), std::size_t{1});
  return columns;
}

using Rows = std::vector<const Comparison::Row*>;

Rows shown_rows(const Comparison& comparison) {
  Rows rows;
  for (const Comparison::Row& row : comparison.rows) {
    if (!row.within_own_expert || row.method == comparison.reference) rows.push_back(&row);
  }
  return rows;
}

Table methods_by_tasks(const Comparison& comparison, const Rows& rows) {
  std::vector<std::string> header{"method"};
  header.insert(header.end(), comparison.tasks.begin(), comparison.tasks.end());
  header.insert(header.end(), {"mean", kIntervalTitle, "against " + comparison.reference, kIntervalTitle, ""});
  Table table(header, columns_until(header.size() - 1));
  for (const Comparison::Row* row : rows) {
    std::vector<std::string> cells{row->method};
    for (std::size_t task = 0; task < row->tasks.size(); ++task) cells.push_back(task_text(*row, task));
    cells.insert(cells.end(), {score_text(row->mean), interval_text(row->mean.interval), difference_text(*row),
                               difference_interval_text(*row), note_of(*row)});
    table.add(std::move(cells));
  }
  return table;
}

Table tasks_by_methods(const Comparison& comparison, const Rows& rows) {
  std::vector<std::string> header{"task"};
  for (const Comparison::Row* row : rows) header.push_back(row->method);
  Table table(header, columns_until(header.size()));
  const auto add = [&](const std::string& title, const auto& text_of) {
    std::vector<std::string> cells{title};
    for (const Comparison::Row* row : rows) cells.push_back(text_of(*row));
    if (std::ranges::any_of(cells.begin() + 1, cells.end(), [](const auto& cell) { return !cell.empty(); })) {
      table.add(std::move(cells));
    }
  };
  for (std::size_t task = 0; task < comparison.tasks.size(); ++task) {
    add(comparison.tasks[task], [&](const Comparison::Row& row) { return task_text(row, task); });
  }
  table.add_rule();
  add("mean", [](const Comparison::Row& row) { return score_text(row.mean); });
  add(kIntervalTitle, [](const Comparison::Row& row) { return interval_text(row.mean.interval); });
  add("against " + comparison.reference, difference_text);
  add(kIntervalTitle, difference_interval_text);
  add("", coverage_of);
  add("", [](const Comparison::Row& row) { return std::string(row.uses_labels ? kUsesLabels : ""); });
  return table;
}

}  // namespace

std::vector<MethodResult> reference_rows(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts) {
  if (experts.size() < 2) return {};
  std::vector<MethodResult> rows;
  if (const auto complete = with_all_tasks(experts, tasks.size()); complete.size() > 1) {
    rows = {best_individual(complete), oracle(tasks, complete)};
  }
  if (auto row = own_experts(tasks, experts)) rows.push_back(*std::move(row));
  return rows;
}

Comparison compare(const std::vector<Task>& tasks, const std::vector<MethodResult>& methods,
                   const std::string& reference) {
  Comparison comparison{.tasks = {}, .reference = reference, .rows = {}};
  for (const Task& task : tasks) comparison.tasks.push_back(task.name);
  const auto compared = std::ranges::find(methods, reference, &MethodResult::name);
  const bool has_own_experts = std::ranges::find(methods, kOwnExpert, &MethodResult::name) != methods.end();
  for (const MethodResult& method : methods) {
    Comparison::Row row{method.name, {}, method.scores.mean, std::nullopt, method.uses_labels};
    const std::vector<Task> own = tasks_of(tasks, method);
    row.within_own_expert = has_own_experts && own.size() == 1 && own[0].own_expert() == method.name;
    for (const Task& task : tasks) {
      const auto found = std::ranges::find(method.scores.tasks, task.name, &TaskScore::task);
      row.tasks.push_back(found == method.scores.tasks.end() ? std::nullopt : std::optional(found->metrics.front()));
    }
    row.difference = difference_to(*compared, method, tasks);
    comparison.rows.push_back(std::move(row));
  }
  return comparison;
}

std::string comparison_table(const Comparison& comparison) {
  const Rows rows = shown_rows(comparison);
  const Table table = methods_by_tasks(comparison, rows);
  if (table.width() <= kWidest) return table.text();
  const Table transposed = tasks_by_methods(comparison, rows);
  return (transposed.width() < table.width() ? transposed : table).text();
}

Json comparison_json(const Comparison& comparison) {
  Json methods = Json::array();
  for (const Comparison::Row& row : comparison.rows) {
    Json tasks = Json::object();
    for (std::size_t t = 0; t < row.tasks.size(); ++t) {
      if (!row.tasks[t]) continue;
      tasks[comparison.tasks[t]] = *row.tasks[t];
      tasks[comparison.tasks[t]]["metric"] = row.tasks[t]->metric;
    }
    methods.push_back({{"name", row.method},
                       {"uses_labels", row.uses_labels},
                       {"mean", row.mean},
                       {"difference", row.difference ? Json(*row.difference) : Json()},
                       {"tasks", std::move(tasks)}});
  }
  return {{"reference", comparison.reference}, {"unit", "percent"}, {"methods", std::move(methods)}};
}

Comparison comparison_of(const Json& json) {
  Comparison comparison{.tasks = {}, .reference = json_get<std::string>(json, "reference"), .rows = {}};
  const auto methods = json_get<std::vector<Json>>(json, "methods");
  for (const Json& method : methods) {
    const Json tasks = json_get<Json>(method, "tasks");
    for (const auto& [task, score] : tasks.items()) {
      if (std::ranges::find(comparison.tasks, task) == comparison.tasks.end()) comparison.tasks.push_back(task);
    }
  }
  for (const Json& method : methods) {
    Comparison::Row row{
        json_get<std::string>(method, "name"), {}, read_score(json_get<Json>(method, "mean"), "mean"), {}, false};
    const Json tasks = json_get<Json>(method, "tasks");
    for (const std::string& task : comparison.tasks) {
      row.tasks.push_back(tasks.contains(task) ? std::optional(read_score(tasks.at(task), task)) : std::nullopt);
    }
    const Json difference = json_get_or<Json>(method, "difference", nullptr);
    if (!difference.is_null()) row.difference = read_score(difference, "difference");
    row.uses_labels = json_get<bool>(method, "uses_labels");
    comparison.rows.push_back(std::move(row));
  }
  return comparison;
}

}  // namespace phatgoose
