#include "phatgoose/routing/statistics.h"

#include <ATen/ATen.h>

#include <cmath>

namespace phatgoose {
namespace {

/// A multiple of 2^-24, the resolution of a float near 1. Up to 2^29 of them have an exact sum, in any order and cut
/// into any parts.
double countable(float weight) { return std::ldexp(std::nearbyint(std::ldexp(double{weight}, 24)), -24); }

}  // namespace

RoutingStatistics::RoutingStatistics(std::int64_t linears, std::int64_t experts)
    : linears_(linears),
      experts_(experts),
      weights_(static_cast<std::size_t>(linears * experts)),
      counts_(weights_.size()),
      tokens_(static_cast<std::size_t>(linears)) {}

void RoutingStatistics::record(std::int64_t linear, const Selection& selection,
                               std::span<const std::int32_t> expert_of_column, const Packing& packing) {
  const std::int64_t pairs = selection.columns.numel();
  const auto* columns = selection.columns.const_data_ptr<std::int32_t>();
  const auto* weights = selection.weights.const_data_ptr<float>();
  for (std::int64_t pair = 0; pair < pairs; ++pair) {
    if (columns[pair] < 0) continue;
    const std::int64_t expert = expert_of_column[columns[pair]];
    weights_[linear * experts_ + expert] += countable(weights[pair]);
    counts_[linear * experts_ + expert] += 1;
  }
  tokens_[linear] += packing.tokens();
}

}  // namespace phatgoose
