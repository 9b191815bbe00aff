// Tests of the difference between two systems on the same rows: a paired bootstrap over examples (Efron and Tibshirani
// 1993, chapter 15; Koehn 2004), corrected for the number of tasks (Holm 1979).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/scoring/score.h"

namespace phatgoose {

/// Resamples of a test. The smallest p-value is 2 / (B + 1) = 0.0002, which Holm's correction leaves below 0.05 for up
/// to 250 tasks; with the resamples of an interval it would be 0.002, too large for 26.
constexpr int kTestResamples = 10000;

/// The two-sided p-value of the null hypothesis that there is no difference, from B resampled differences d:
/// min(1, 2 (min(#{d <= 0}, #{d >= 0}) + 1) / (B + 1)). It is below 0.05 where the percentile interval of the same
/// resamples excludes 0 (up to the +1).
double bootstrap_p(std::span<const double> differences);

/// Holm's adjusted p-values, in the order of `p`: of m p-values, the i-th smallest becomes the largest of
/// (m - j + 1) p_(j) over j <= i, and 1 at most.
std::vector<double> holm(std::span<const double> p);

/// A score minus that of the reference on the same rows.
struct Difference {
  double score = 0;
  Interval interval;  ///< from the first kResamples resamples
  double p = 1;
};

struct TaskDifference {
  std::string task;
  Difference difference;
  double p_holm = 1;  ///< the family is the tasks of this pair
};

/// Two systems over the tasks that both have, of which there must be one.
struct PairTest {
  std::string method, reference;
  std::vector<TaskDifference> tasks;
  Difference mean;  ///< of the means over these tasks; a single test
};

/// A system: its name, and its predictions.
struct Contestant {
  std::string name;
  const Tallies* tallies;
};
struct Pair {
  Contestant method, reference;
};

/// Of the pairs that share a task, by the first metric of each task. All draw the same resamples. A task of which any
/// two have different rows: bad_data.
std::vector<PairTest> test_pairs(const std::vector<Pair>& pairs);

}  // namespace phatgoose
