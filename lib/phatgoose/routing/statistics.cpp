#include "phatgoose/routing/statistics.h"

#include <ATen/ATen.h>

namespace phatgoose {

RoutingStatistics::RoutingStatistics(std::int64_t linears, std::int64_t experts)
    : linears_(linears),
      experts_(experts),
      weights_(static_cast<std::size_t>(linears * experts)),
      counts_(weights_.size()),
      tokens_(static_cast<std::size_t>(linears)) {}

void RoutingStatistics::record(std::int64_t linear, const Selection& selection,
                               std::span<const std::int32_t> expert_of_column, const Packing& packing) {
  const std::int64_t slots = selection.columns.size(1);
  const auto* columns = selection.columns.const_data_ptr<std::int32_t>();
  const auto* weights = selection.weights.const_data_ptr<float>();
  if (static_cast<std::int64_t>(row_tokens_.size()) < packing.rows()) {
    row_tokens_.resize(static_cast<std::size_t>(packing.rows()));
    row_sums_.resize(static_cast<std::size_t>(packing.rows() * experts_));
  }
  for (std::int64_t row = 0; row < packing.rows(); ++row) {
    const std::int64_t begin = packing.offset(row) * slots, end = begin + packing.length(row) * slots;
    for (std::int64_t pair = begin; pair < end; ++pair) {
      if (columns[pair] < 0) continue;
      const std::int64_t expert = expert_of_column[columns[pair]];
      weights_[linear * experts_ + expert] += weights[pair];
      counts_[linear * experts_ + expert] += 1;
      row_sums_[row * experts_ + expert] += weights[pair];
    }
    row_tokens_[row] += packing.length(row);
  }
  tokens_[linear] += packing.tokens();
}

std::vector<double> RoutingStatistics::row_weights(std::int64_t row) const {
  std::vector<double> means(static_cast<std::size_t>(experts_));
  if (row >= static_cast<std::int64_t>(row_tokens_.size()) || row_tokens_[row] == 0) return means;
  for (std::int64_t e = 0; e < experts_; ++e) {
    means[e] = row_sums_[row * experts_ + e] / static_cast<double>(row_tokens_[row]);
  }
  return means;
}

}  // namespace phatgoose
