// 95 % bootstrap intervals of scores, clustered: rows of one example (its templates) are drawn together.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace phatgoose {

struct Interval {
  double low = 0, high = 0;
};

constexpr int kResamples = 1000;
constexpr std::uint64_t kBootstrapSeed = 20240205;

/// What one row adds to a score's sufficient statistics: {value, 1} for a mean, match counts for BLEU.
using Statistics = std::vector<double>;
/// Turns summed statistics into the score.
using ScoreOf = std::function<double(std::span<const double>)>;

/// {sum, count} -> mean.
double mean_of(std::span<const double> sums);

/// Rows reduced to one sum of statistics per example, in order of first appearance.
class ClusteredRows {
 public:
  void add(const std::string& example, std::span<const double> statistics);

  std::size_t examples() const { return sums_.size(); }
  double score(const ScoreOf& score_of) const;
  /// Scores of kResamples resamples of the examples. The draws depend only on `name` and on the number of examples, so
  /// that two systems on the same task are resampled alike (paired) and different tasks independently.
  std::vector<double> resampled_scores(const std::string& name, const ScoreOf& score_of) const;

 private:
  std::unordered_map<std::string, std::size_t> places_;  // of the examples in sums_
  std::vector<Statistics> sums_;
};

/// The 2.5 and 97.5 % quantiles (linear interpolation).
Interval interval_of(std::vector<double> resampled);

}  // namespace phatgoose
