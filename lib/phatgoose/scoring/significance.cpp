#include "phatgoose/scoring/significance.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

using Resampled = std::vector<double>;  // kTestResamples values

/// The score of each of these in one resample after the other; all have the same rows.
std::map<const TaskTally*, Resampled> resampled_together(std::vector<const TaskTally*> tallies) {
  std::ranges::sort(tallies);
  tallies.erase(std::unique(tallies.begin(), tallies.end()), tallies.end());
  std::map<const TaskTally*, Resampled> scores;
  ExampleDraws draws(tallies.front()->task().name, tallies.front()->examples());
  for (int i = 0; i < kTestResamples; ++i) {
    const DrawCounts counts = draws.next();
    for (const TaskTally* tally : tallies) {
      scores[tally].push_back(tally->metrics().front().score_of(tally->sums().front().total(counts)));
    }
  }
  return scores;
}

Difference difference_of(double score, const Resampled& resampled) {
  return {score, interval_of({resampled.begin(), resampled.begin() + kResamples}), bootstrap_p(resampled)};
}

/// A pair while its tasks are tested.
class PairInProgress {
 public:
  explicit PairInProgress(const Pair& pair) : pair_(pair), test_{pair.method.name, pair.reference.name, {}, {}} {
    for (const auto& tally : *pair.method.tallies)
      shared_ += find_tally(*pair.reference.tallies, tally->task().name) ? 1 : 0;
  }

  const TaskTally* ours(const std::string& task) const { return find_tally(*pair_.method.tallies, task); }
  const TaskTally* theirs(const std::string& task) const { return find_tally(*pair_.reference.tallies, task); }

  bool has(const std::string& task) const { return ours(task) != nullptr && theirs(task) != nullptr; }

  void add(const std::string& task, const std::map<const TaskTally*, Resampled>& resampled) {
    const TaskTally *mine = ours(task), *other = theirs(task);
    Resampled differences(kTestResamples);
    std::ranges::transform(resampled.at(mine), resampled.at(other), differences.begin(), std::minus<>());
    const double score = mine->score() - other->score();
    test_.tasks.push_back({task, difference_of(score, differences)});
    for (std::size_t i = 0; i < differences.size(); ++i) mean_[i] += differences[i] / shared_;
    mean_score_ += score / shared_;
  }

  std::optional<PairTest> finish() && {
    if (test_.tasks.empty()) return std::nullopt;
    test_.mean = difference_of(mean_score_, mean_);
    std::vector<double> p;
    for (const TaskDifference& task : test_.tasks) p.push_back(task.difference.p);
    const std::vector<double> adjusted = holm(p);
    for (std::size_t i = 0; i < adjusted.size(); ++i) test_.tasks[i].p_holm = adjusted[i];
    return std::move(test_);
  }

 private:
  const Pair& pair_;
  PairTest test_;
  double shared_ = 0;  // how many tasks
  double mean_score_ = 0;
  Resampled mean_ = Resampled(kTestResamples, 0);
};

/// Only then are their resamples pairs.
void check_same_rows(const std::vector<const TaskTally*>& tallies) {
  for (const TaskTally* tally : tallies) {
    if (tally->has_rows_of(*tallies.front())) continue;
    refuse("task " + tally->task().name, "predictions for different rows",
           "the same rows, ids and right answers in all");
  }
}

/// The tasks of all pairs, in the order in which methods name them.
std::vector<std::string> tasks_of_pairs(const std::vector<Pair>& pairs) {
  std::vector<std::string> tasks;
  for (const Pair& pair : pairs) {
    for (const auto& tally : *pair.method.tallies) {
      if (std::ranges::find(tasks, tally->task().name) == tasks.end()) tasks.push_back(tally->task().name);
    }
  }
  return tasks;
}

}  // namespace

double bootstrap_p(std::span<const double> differences) {
  const auto below = std::ranges::count_if(differences, [](double d) { return d <= 0; });
  const auto above = std::ranges::count_if(differences, [](double d) { return d >= 0; });
  const auto tail = static_cast<double>(std::min(below, above) + 1);
  return std::min(1.0, 2 * tail / static_cast<double>(differences.size() + 1));
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> adjusted(p.size());
  double largest = 0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    largest = std::max(largest, static_cast<double>(p.size() - rank) * p[order[rank]]);
    adjusted[order[rank]] = std::min(1.0, largest);
  }
  return adjusted;
}

std::vector<PairTest> test_pairs(const std::vector<Pair>& pairs) {
  std::vector<PairInProgress> in_progress(pairs.begin(), pairs.end());
  for (const std::string& task : tasks_of_pairs(pairs)) {
    std::vector<PairInProgress*> sharing;
    std::vector<const TaskTally*> tallies;
    for (PairInProgress& pair : in_progress) {
      if (!pair.has(task)) continue;
      sharing.push_back(&pair);
      tallies.insert(tallies.end(), {pair.ours(task), pair.theirs(task)});
    }
    if (sharing.empty()) continue;
    check_same_rows(tallies);
    const auto resampled = resampled_together(std::move(tallies));
    for (PairInProgress* pair : sharing) pair->add(task, resampled);
  }
  std::vector<PairTest> tests;
  for (PairInProgress& pair : in_progress) {
    if (auto test = std::move(pair).finish()) tests.push_back(*std::move(test));
  }
  return tests;
}

}  // namespace phatgoose
