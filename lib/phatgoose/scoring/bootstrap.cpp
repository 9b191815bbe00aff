// Percentile bootstrap (Efron and Tibshirani 1993, chapter 13) over examples.
#include "phatgoose/scoring/bootstrap.h"

#include <algorithm>
#include <cmath>

#include "phatgoose/base/files.h"
#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

std::uint64_t number_of(const std::string& name) {
  const std::string hash = content_hash(std::as_bytes(std::span(name.data(), name.size())));
  return std::stoull(hash, nullptr, 16);
}

void add_to(Statistics& sums, std::span<const double> statistics) {
  sums.resize(std::max(sums.size(), statistics.size()), 0);
  for (std::size_t i = 0; i < statistics.size(); ++i) sums[i] += statistics[i];
}

/// Linear interpolation between order statistics; `sorted` is not empty.
double quantile(const std::vector<double>& sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

}  // namespace

double mean_of(std::span<const double> sums) { return sums[0] / sums[1]; }

void ClusteredRows::add(const std::string& example, std::span<const double> statistics) {
  const auto [place, is_new] = places_.emplace(example, sums_.size());
  if (is_new) sums_.emplace_back();
  add_to(sums_[place->second], statistics);
}

double ClusteredRows::score(const ScoreOf& score_of) const {
  Statistics total;
  for (const Statistics& sums : sums_) add_to(total, sums);
  return score_of(total);
}

std::vector<double> ClusteredRows::resampled_scores(const std::string& name, const ScoreOf& score_of) const {
  RandomStream random(kBootstrapSeed, number_of(name));
  std::vector<double> scores(kResamples);
  for (double& score : scores) {
    Statistics total;
    for (std::size_t draw = 0; draw < sums_.size(); ++draw) add_to(total, sums_[random.below(sums_.size())]);
    score = score_of(total);
  }
  return scores;
}

Interval interval_of(std::vector<double> resampled) {
  std::sort(resampled.begin(), resampled.end());
  return {.low = quantile(resampled, 0.025), .high = quantile(resampled, 0.975)};
}

}  // namespace phatgoose
