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

std::string score_text(double score) { return fmt::format("{:.1f}", score); }

}  // namespace

std::vector<MethodResult> reference_rows(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts) {
  const auto best = std::ranges::max_element(experts, [](const MethodResult& a, const MethodResult& b) {
    return a.scores.mean.score < b.scores.mean.score;
  });
  if (best == experts.end()) return {};
  return {{"best-individual", best->samples, best->scores, true}, oracle(tasks, experts)};
}

std::string comparison_table(const std::vector<Task>& tasks, const std::vector<MethodResult>& methods,
                             const std::string& reference) {
  std::vector<std::string> header{"method"};
  std::vector<std::size_t> right;
  for (const Task& task : tasks) header.push_back(task.name);
  header.insert(header.end(), {"mean", "95 % interval", "against " + reference, "95 % interval", ""});
  for (std::size_t column = 1; column + 1 < header.size(); ++column) right.push_back(column);
  Table table(header, right);
  const auto compared = std::ranges::find(methods, reference, &MethodResult::name);
  for (const MethodResult& method : methods) {
    std::vector<std::string> cells{method.name};
    for (std::size_t t = 0; t < tasks.size(); ++t) cells.push_back(score_text(score_of(method, t)));
    cells.push_back(score_text(method.scores.mean.score));
    cells.push_back(interval_text(method.scores.mean.interval));
    if (&method == &*compared) {
      cells.insert(cells.end(), {"", ""});
    } else {
      const MetricScore difference = paired_difference(tasks, method.samples, compared->samples);
      cells.push_back(fmt::format("{:+.1f}", difference.score));
      cells.push_back(interval_text(difference.interval));
    }
    cells.emplace_back(method.uses_labels ? "uses labels" : "");
    table.add(std::move(cells));
  }
  return table.text();
}

}  // namespace phatgoose
