#include "phatgoose/routing/token_trace.h"

#include <ATen/ATen.h>

namespace phatgoose {

void TokenTrace::record(std::int64_t linear, const Selection& selection, std::span<const std::int32_t> expert_of_column,
                        const Packing& packing) {
  linears_[static_cast<std::size_t>(linear)] = {selection, {expert_of_column.begin(), expert_of_column.end()}, packing};
}

std::vector<ExpertWeights> TokenTrace::row(std::int64_t linear, std::int64_t row) const {
  const std::optional<Choices>& choices = linears_[static_cast<std::size_t>(linear)];
  if (!choices) return {};
  const auto& [selection, expert_of_column, packing] = *choices;
  const std::int64_t slots = selection.columns.size(1);
  const auto* columns = selection.columns.const_data_ptr<std::int32_t>() + packing.offset(row) * slots;
  const auto* weights = selection.weights.const_data_ptr<float>() + packing.offset(row) * slots;
  std::vector<ExpertWeights> tokens(static_cast<std::size_t>(packing.length(row)));
  for (ExpertWeights& experts : tokens) {
    for (std::int64_t slot = 0; slot < slots && columns[slot] >= 0; ++slot) {
      experts.push_back({expert_of_column[static_cast<std::size_t>(columns[slot])], weights[slot]});
    }
    columns += slots;
    weights += slots;
  }
  return tokens;
}

}  // namespace phatgoose
