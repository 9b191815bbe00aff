// Percentile bootstrap (Efron and Tibshirani 1993, chapter 13) over examples.
#include "phatgoose/scoring/bootstrap.h"

#include <algorithm>
#include <array>

#include "phatgoose/base/files.h"

namespace phatgoose {
namespace {

std::uint64_t number_of(const std::string& name) {
  const std::string hash = content_hash(std::as_bytes(std::span(name.data(), name.size())));
  return std::stoull(hash, nullptr, 16);
}

/// Linear interpolation between order statistics; `sorted` is not empty.
double quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

/// Four sums side by side: one alone would wait for every addition.
double weighted_sum(DrawCounts counts, const std::vector<double>& values) {
  std::array<double, 4> sums{};
  std::size_t i = 0;
  for (; i + sums.size() <= counts.size(); i += sums.size()) {
    for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += counts[i + lane] * values[i + lane];
  }
  for (; i < counts.size(); ++i) sums[0] += counts[i] * values[i];
  return sums[0] + sums[1] + sums[2] + sums[3];
}

}  // namespace

double mean_of(std::span<const double> sums) { return sums[0] / sums[1]; }

ExampleDraws::ExampleDraws(const std::string& task, std::size_t examples)
    : random_(kBootstrapSeed, number_of(task)), counts_(examples) {}

DrawCounts ExampleDraws::next() {
  std::ranges::fill(counts_, 0);
  for (std::size_t draw = 0; draw < counts_.size(); ++draw) ++counts_[random_.below(counts_.size())];
  return counts_;
}

void ExampleSums::add(std::size_t example, std::span<const double> statistics) {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (example == columns_[i].size()) columns_[i].push_back(0);
    columns_[i][example] += statistics[i];
  }
}

Statistics ExampleSums::total() const { return total(std::vector<std::int32_t>(examples(), 1)); }

Statistics ExampleSums::total(DrawCounts counts) const {
  Statistics total;
  for (const std::vector<double>& column : columns_) total.push_back(weighted_sum(counts, column));
  return total;
}

Interval interval_of(std::vector<double> resampled) {
  std::ranges::sort(resampled);
  return {.low = quantile(resampled, 0.025), .high = quantile(resampled, 0.975)};
}

double median_of(std::vector<double> values) {
  std::ranges::sort(values);
  return quantile(values, 0.5);
}

}  // namespace phatgoose
