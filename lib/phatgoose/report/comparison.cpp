#include "phatgoose/report/comparison.h"

#include <algorithm>

namespace phatgoose {
namespace {

constexpr const char *kBestIndividual = "best-individual", *kOracle = "oracle", *kOwnExpert = "own-expert";

double score_of(const MethodResult& result, std::size_t task) {
  return result.scores.tasks[task].metrics.front().score;
}

/// A row made of tasks of other methods.
class ComposedRow {
 public:
  void take(const MethodResult& from, const std::string& task) {
    const auto place = std::ranges::find(from.scores.tasks, task, &TaskScore::task) - from.scores.tasks.begin();
    tallies_.push_back(from.tallies[place]);
    scores_.push_back(from.scores.tasks[place]);
  }
  bool empty() const { return tallies_.empty(); }
  MethodResult finish(const std::string& name, bool uses_labels) && {
    return {name, std::move(tallies_), score_suite(std::move(scores_)), uses_labels};
  }

 private:
  Tallies tallies_;
  std::vector<TaskScore> scores_;
};

std::vector<MethodResult> with_all_tasks(const std::vector<MethodResult>& experts, std::size_t tasks) {
  std::vector<MethodResult> complete;
  std::ranges::copy_if(experts, std::back_inserter(complete),
                       [&](const MethodResult& expert) { return expert.tallies.size() == tasks; });
  return complete;
}

MethodResult best_individual(const std::vector<MethodResult>& experts) {
  const auto best = std::ranges::max_element(
      experts, [](const MethodResult& a, const MethodResult& b) { return a.scores.mean.score < b.scores.mean.score; });
  return {kBestIndividual, best->tallies, best->scores, true};
}

MethodResult oracle(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts) {
  ComposedRow row;
  for (std::size_t t = 0; t < tasks.size(); ++t) {
    const auto best = std::ranges::max_element(
        experts, [&](const MethodResult& a, const MethodResult& b) { return score_of(a, t) < score_of(b, t); });
    row.take(*best, tasks[t].name);
  }
  return std::move(row).finish(kOracle, true);
}

/// None where no task has an expert of its own.
std::optional<MethodResult> own_experts(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts) {
  ComposedRow row;
  for (const Task& task : tasks) {
    const auto expert = std::ranges::find(experts, task.own_expert(), &MethodResult::name);
    if (expert != experts.end() && find_tally(expert->tallies, task.name) != nullptr) row.take(*expert, task.name);
  }
  if (row.empty()) return std::nullopt;
  return std::move(row).finish(kOwnExpert, false);
}

/// Every method against the reference, in order; with `all_pairs` then against every other one before it.
std::vector<Pair> pairs_of(const std::vector<MethodResult>& methods, const MethodResult& reference, bool all_pairs) {
  std::vector<Contestant> order = {{reference.name, &reference.tallies}};
  for (const MethodResult& method : methods) {
    if (&method != &reference) order.push_back({method.name, &method.tallies});
  }
  std::vector<Pair> pairs;
  for (std::size_t first = 0; first < (all_pairs ? order.size() : 1); ++first) {
    for (std::size_t later = first + 1; later < order.size(); ++later) pairs.push_back({order[later], order[first]});
  }
  return pairs;
}

/// The mean difference, where the reference has every task of the method.
std::optional<Difference> mean_difference(const std::vector<PairTest>& tests, const MethodResult& method,
                                          const std::string& reference) {
  const auto test = std::ranges::find_if(
      tests, [&](const PairTest& each) { return each.method == method.name && each.reference == reference; });
  if (test == tests.end() || test->tasks.size() < method.tallies.size()) return std::nullopt;
  return test->mean;
}

bool is_within_own_expert(const std::vector<Task>& tasks, const MethodResult& method) {
  if (method.tallies.size() != 1) return false;
  const auto task = std::ranges::find(tasks, method.tallies.front()->task().name, &Task::name);
  return task->own_expert() == method.name;
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

bool is_reference_row(const std::string& name) {
  return name == kBestIndividual || name == kOracle || name == kOwnExpert;
}

Comparison compare(const std::vector<Task>& tasks, const std::vector<MethodResult>& methods,
                   const std::string& reference, bool all_pairs) {
  Comparison comparison{.tasks = {}, .reference = reference, .rows = {}, .tests = {}};
  for (const Task& task : tasks) comparison.tasks.push_back(task.name);
  const auto compared = std::ranges::find(methods, reference, &MethodResult::name);
  comparison.tests = test_pairs(pairs_of(methods, *compared, all_pairs));
  const bool has_own_experts = std::ranges::find(methods, kOwnExpert, &MethodResult::name) != methods.end();
  for (const MethodResult& method : methods) {
    Comparison::Row row{method.name, {}, method.scores.mean, std::nullopt, method.uses_labels};
    row.within_own_expert = has_own_experts && is_within_own_expert(tasks, method);
    for (const Task& task : tasks) {
      const auto found = std::ranges::find(method.scores.tasks, task.name, &TaskScore::task);
      row.tasks.push_back(found == method.scores.tasks.end() ? std::nullopt : std::optional(found->metrics.front()));
    }
    row.difference = mean_difference(comparison.tests, method, reference);
    comparison.rows.push_back(std::move(row));
  }
  return comparison;
}

}  // namespace phatgoose
