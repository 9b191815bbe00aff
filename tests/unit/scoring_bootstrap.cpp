#include "phatgoose/scoring/bootstrap.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "phatgoose/base/files.h"
#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

/// `examples` examples of `templates` rows; a row's value is that of its example, 0 or 1 with equal chance.
ExampleSums coin_rows(std::size_t examples, int templates) {
  RandomStream random(9);
  ExampleSums rows(2);
  for (std::size_t example = 0; example < examples; ++example) {
    const auto value = static_cast<double>(random.below(2));
    for (int i = 0; i < templates; ++i) rows.add(example, Statistics{value, 1});
  }
  return rows;
}

double mean_over(const ExampleSums& rows) { return mean_of(rows.total()); }

std::vector<double> resampled(const ExampleSums& rows, const std::string& task) {
  ExampleDraws draws(task, rows.examples());
  std::vector<double> scores;
  for (int i = 0; i < kResamples; ++i) scores.push_back(mean_of(rows.total(draws.next())));
  return scores;
}

double deviation(const std::vector<double>& values) {
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return std::sqrt(squares / static_cast<double>(values.size()));
}

TEST_CASE("rows of one example are drawn together") {
  // Ten copies of every row carry no new information: the spread must stay that of the examples.
  const ExampleSums once = coin_rows(200, 1), ten_times = coin_rows(200, 10);
  CHECK(ten_times.examples() == 200);
  CHECK(mean_over(once) == Approx(mean_over(ten_times)));
  const auto spread = deviation(resampled(once, "task"));
  CHECK(deviation(resampled(ten_times, "task")) == Approx(spread));
  const double p = mean_over(once);
  CHECK(spread == Approx(std::sqrt(p * (1 - p) / 200)).epsilon(0.1));  // the binomial's
}

TEST_CASE("resamples are those of an explicit loop over drawn examples and their rows") {
  // Seven examples of 1, 2, 3, 1, 2, 3, 1 rows; the stream of draws written out again.
  std::vector<std::vector<double>> examples;
  ExampleSums sums(2);
  for (std::size_t e = 0; e < 7; ++e) {
    examples.emplace_back();
    for (std::size_t row = 0; row <= e % 3; ++row) {
      examples[e].push_back(static_cast<double>(3 * e + row));
      sums.add(e, Statistics{examples[e].back(), 1});
    }
  }
  const std::string name = "loop";
  const std::string hash = content_hash(std::as_bytes(std::span(name.data(), name.size())));
  RandomStream random(kBootstrapSeed, std::stoull(hash, nullptr, 16));
  for (const double score : resampled(sums, name)) {
    double total = 0, rows = 0;
    for (std::size_t draw = 0; draw < examples.size(); ++draw) {
      for (const double value : examples[random.below(examples.size())]) {
        total += value;
        ++rows;
      }
    }
    CHECK(score == Approx(total / rows).epsilon(1e-14));
  }
}

TEST_CASE("examples of unequal size count by their rows") {
  ExampleSums rows(2);
  for (int i = 0; i < 3; ++i) rows.add(0, Statistics{1, 1});
  rows.add(1, Statistics{0, 1});
  CHECK(mean_over(rows) == Approx(0.75));
  for (const double score : resampled(rows, "task")) {
    CHECK((score == 0 || score == Approx(0.75) || score == 1));
  }
}

TEST_CASE("draws depend on the task's name and the number of examples alone") {
  const ExampleSums rows = coin_rows(50, 1);
  CHECK(resampled(rows, "a") == resampled(rows, "a"));
  CHECK(resampled(rows, "a") != resampled(rows, "b"));
  ExampleSums shifted(2);  // values one higher: every resample is one higher
  RandomStream random(9);
  for (std::size_t i = 0; i < 50; ++i) shifted.add(i, Statistics{1 + static_cast<double>(random.below(2)), 1});
  const auto low = resampled(rows, "a"), high = resampled(shifted, "a");
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
  ExampleSums one(2);
  one.add(0, Statistics{0.4, 1});
  CHECK(interval_of(resampled(one, "a")).high == Approx(0.4));
}

TEST_CASE("the median of an even number of values lies between the two in the middle") {
  CHECK(median_of({5, 1, 3}) == 3);
  CHECK(median_of({5, 1, 4, 3}) == 3.5);
  CHECK(median_of({7}) == 7);
}

TEST_CASE("intervals cover the truth about 95 times in 100") {
  RandomStream random(4);
  int covered = 0;
  for (int trial = 0; trial < 100; ++trial) {
    ExampleSums rows(2);
    for (std::size_t i = 0; i < 60; ++i) rows.add(i, Statistics{random.uniform(), 1});
    const Interval interval = interval_of(resampled(rows, std::to_string(trial)));
    covered += interval.low <= 0.5 && 0.5 <= interval.high ? 1 : 0;
  }
  CHECK(covered >= 88);
  CHECK(covered <= 100);
}

}  // namespace
}  // namespace phatgoose
