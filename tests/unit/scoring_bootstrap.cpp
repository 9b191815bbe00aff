#include "phatgoose/scoring/bootstrap.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

/// `examples` examples of `templates` rows; a row's value is that of its example, 0 or 1 with equal chance.
ClusteredRows coin_rows(int examples, int templates) {
  RandomStream random(9);
  ClusteredRows rows;
  for (int example = 0; example < examples; ++example) {
    const auto value = static_cast<double>(random.below(2));
    for (int i = 0; i < templates; ++i) rows.add("example " + std::to_string(example), Statistics{value, 1});
  }
  return rows;
}

double deviation(const std::vector<double>& values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

TEST_CASE("rows of one example are drawn together") {
  // Ten copies of every row carry no new information: the spread must stay that of the examples.
  const ClusteredRows once = coin_rows(200, 1), ten_times = coin_rows(200, 10);
  CHECK(ten_times.examples() == 200);
  CHECK(once.score(mean_of) == Approx(ten_times.score(mean_of)));
  const auto spread = deviation(once.resampled_scores("task", mean_of));
  CHECK(deviation(ten_times.resampled_scores("task", mean_of)) == Approx(spread));
  const double p = once.score(mean_of);
  CHECK(spread == Approx(std::sqrt(p * (1 - p) / 200)).epsilon(0.1));  // the binomial's
}

TEST_CASE("examples of unequal size count by their rows") {
  ClusteredRows rows;
  for (int i = 0; i < 3; ++i) rows.add("large", Statistics{1, 1});
  rows.add("small", Statistics{0, 1});
  CHECK(rows.score(mean_of) == Approx(0.75));
  for (const double score : rows.resampled_scores("task", mean_of)) {
    CHECK((score == 0 || score == Approx(0.75) || score == 1));
  }
}

TEST_CASE("draws depend on the task's name and the number of examples alone") {
  const ClusteredRows rows = coin_rows(50, 1);
  CHECK(rows.resampled_scores("a", mean_of) == rows.resampled_scores("a", mean_of));
  CHECK(rows.resampled_scores("a", mean_of) != rows.resampled_scores("b", mean_of));
  ClusteredRows shifted;  // values one higher: every resample is one higher
  RandomStream random(9);
  for (int i = 0; i < 50; ++i) {
    shifted.add(std::to_string(i), Statistics{1 + static_cast<double>(random.below(2)), 1});
  }
  const auto low = rows.resampled_scores("a", mean_of), high = shifted.resampled_scores("a", mean_of);
  for (std::size_t i = 0; i < low.size(); ++i) CHECK(high[i] - low[i] == Approx(1));
}

TEST_CASE("the interval holds the middle 95 %") {
  std::vector<double> values(1001);
  std::iota(values.rbegin(), values.rend(), 0.0);
  const Interval interval = interval_of(values);
  CHECK(interval.low == Approx(25));
  CHECK(interval.high == Approx(975));
  const Interval constant = interval_of(std::vector<double>(kResamples, 3.0));
  CHECK(constant.low == 3);
  CHECK(constant.high == 3);
  ClusteredRows one;
  one.add("only", Statistics{0.4, 1});
  CHECK(interval_of(one.resampled_scores("a", mean_of)).high == Approx(0.4));
}

TEST_CASE("intervals cover the truth about 95 times in 100") {
  RandomStream random(4);
  int covered = 0;
  for (int trial = 0; trial < 100; ++trial) {
    ClusteredRows rows;
    for (int i = 0; i < 60; ++i) rows.add(std::to_string(i), Statistics{random.uniform(), 1});
    const Interval interval = interval_of(rows.resampled_scores(std::to_string(trial), mean_of));
    covered += interval.low <= 0.5 && 0.5 <= interval.high ? 1 : 0;
  }
  CHECK(covered >= 88);
  CHECK(covered <= 100);
}

}  // namespace
}  // namespace phatgoose
