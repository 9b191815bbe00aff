#include "phatgoose/report/comparison.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/report/table.h"

namespace phatgoose {
namespace {

double score_of(const MethodResult& result, std::size_t task) {
  return result.scores.tasks[task].metrics.front().score;
}

void take_task(const MethodResult& from, const std::string& task, std::vector<Sample>& samples) {
  std::ranges::copy_if(from.samples, std::back_inserter(samples),
                       [&](const Sample& sample) { return sample.task == task; });
}

MethodResult oracle(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts) {
  MethodResult row{"oracle", {}, {}, true};
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

/// Over the tasks that the method has, all of which the reference must have, too.
std::optional<MetricScore> difference_to(const MethodResult& reference, const MethodResult& method,
                                         const std::vector<Task>& tasks) {
  const std::vector<Task> own = tasks_of(tasks, method);
  if (&method == &reference || tasks_of(own, reference).size() < own.size()) return std::nullopt;
  std::vector<Sample> samples;
  for (const Task& task : own) take_task(reference, task.name, samples);
  return paired_difference(own, method.samples, std::move(samples));
}

/// What is to be known beside the numbers of a row.
std::string note_of(const Comparison::Row& row) {
  const auto present = std::ranges::count_if(row.tasks, [](const auto& task) { return task.has_value(); });
  std::string note = row.uses_labels ? "uses labels" : "";
  if (present == std::ssize(row.tasks)) return note;
  return fmt::format("{}{}{} of {} tasks", note, note.empty() ? "" : ", ", present, row.tasks.size());
}

std::string score_text(double score) { return fmt::format("{:.1f}", score); }

}  // namespace

std::vector<MethodResult> reference_rows(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts) {
  const auto best = std::ranges::max_element(experts, [](const MethodResult& a, const MethodResult& b) {
    return a.scores.mean.score < b.scores.mean.score;
  });
  if (best == experts.end()) return {};
  return {{"best-individual", best->samples, best->scores, true}, oracle(tasks, experts)};
}

Comparison compare(const std::vector<Task>& tasks, const std::vector<MethodResult>& methods,
                   const std::string& reference) {
  Comparison comparison{.tasks = {}, .reference = reference, .rows = {}};
  for (const Task& task : tasks) comparison.tasks.push_back(task.name);
  const auto compared = std::ranges::find(methods, reference, &MethodResult::name);
  for (const MethodResult& method : methods) {
    Comparison::Row row{method.name, {}, method.scores.mean, std::nullopt, method.uses_labels};
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
  std::vector<std::string> header{"method"};
  std::vector<std::size_t> right;
  header.insert(header.end(), comparison.tasks.begin(), comparison.tasks.end());
  header.insert(header.end(), {"mean", "95 % interval", "against " + comparison.reference, "95 % interval", ""});
  for (std::size_t column = 1; column + 1 < header.size(); ++column) right.push_back(column);
  Table table(header, right);
  for (const Comparison::Row& row : comparison.rows) {
    std::vector<std::string> cells{row.method};
    for (const auto& task : row.tasks) cells.push_back(task ? score_text(task->score) : "-");
    cells.push_back(score_text(row.mean.score));
    cells.push_back(interval_text(row.mean.interval));
    cells.push_back(row.difference ? fmt::format("{:+.1f}", row.difference->score) : "");
    cells.push_back(row.difference ? interval_text(row.difference->interval) : "");
    cells.push_back(note_of(row));
    table.add(std::move(cells));
  }
  return table.text();
}

Json comparison_json(const Comparison& comparison) {
  const auto score = [](const MetricScore& of) -> Json {
    return {{"score", of.score}, {"interval", {of.interval.low, of.interval.high}}};
  };
  Json methods = Json::array();
  for (const Comparison::Row& row : comparison.rows) {
    Json tasks = Json::object();
    for (std::size_t t = 0; t < row.tasks.size(); ++t) {
      if (!row.tasks[t]) continue;
      tasks[comparison.tasks[t]] = score(*row.tasks[t]);
      tasks[comparison.tasks[t]]["metric"] = row.tasks[t]->metric;
    }
    methods.push_back({{"name", row.method},
                       {"uses_labels", row.uses_labels},
                       {"mean", score(row.mean)},
                       {"difference", row.difference ? score(*row.difference) : Json()},
                       {"tasks", std::move(tasks)}});
  }
  return {{"reference", comparison.reference}, {"unit", "percent"}, {"methods", std::move(methods)}};
}

}  // namespace phatgoose
