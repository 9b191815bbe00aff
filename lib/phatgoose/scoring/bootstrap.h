// 95 % bootstrap intervals of scores, clustered: rows of one example (its templates) are drawn together.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/base/random.h"

namespace phatgoose {

struct Interval {
  double low = 0, high = 0;
};

constexpr int kResamples = 1000;  ///< of an interval
constexpr std::uint64_t kBootstrapSeed = 20240205;

/// What one row adds to a score's sufficient statistics: {value, 1} for a mean, match counts for BLEU.
using Statistics = std::vector<double>;
/// Turns summed statistics into the score.
using ScoreOf = std::function<double(std::span<const double>)>;

/// {sum, count} -> mean.
double mean_of(std::span<const double> sums);

/// How often each example of a task is in a resample.
using DrawCounts = std::span<const std::int32_t>;

/// One resample of a task's examples after the other. The draws depend only on the task's name and on how many examples
/// there are, so that two systems on the same task are resampled alike (paired) and different tasks independently.
class ExampleDraws {
 public:
  ExampleDraws(const std::string& task, std::size_t examples);

  /// Valid until the next call.
  DrawCounts next();

 private:
  RandomStream random_;
  std::vector<std::int32_t> counts_;
};

/// The sums of a metric's statistics over the rows of each example. Examples are numbered from 0.
class ExampleSums {
 public:
  /// `width`: numbers of one row's statistics.
  explicit ExampleSums(std::size_t width) : columns_(width) {}

  /// A row of this example, which is one of those before or the next one.
  void add(std::size_t example, std::span<const double> statistics);

  std::size_t examples() const { return columns_.front().size(); }
  /// Over all rows.
  Statistics total() const;
  /// Over those of a resample.
  Statistics total(DrawCounts counts) const;

 private:
  std::vector<std::vector<double>> columns_;  // [width][examples]
};

/// The 2.5 and 97.5 % quantiles (linear interpolation).
Interval interval_of(std::vector<double> resampled);
/// The middle one of the values, or the mean of the two in the middle; there must be one at least.
double median_of(std::vector<double> values);

}  // namespace phatgoose
