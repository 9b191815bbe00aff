#include "phatgoose/nn/row_context.h"

#include <ATen/ATen.h>

namespace phatgoose {

RowContext RowContext::inheriting(const RowContext& sources, std::span<const std::int64_t> source_rows) const {
  const at::Tensor rows =
      at::tensor(at::ArrayRef<std::int64_t>(source_rows.data(), source_rows.size()), at::kLong);  // [rows]
  const auto inherited = [&](const at::Tensor& own, const at::Tensor& source) {
    return own.defined() || !source.defined() ? own : source.index_select(0, rows);
  };
  return {inherited(expert_scores, sources.expert_scores), token_experts, inherited(tasks, sources.tasks),
          inherited(places, sources.places)};
}

at::Tensor token_experts_of(std::span<const std::vector<std::int32_t>> rows) {
  std::vector<std::int64_t> experts;
  for (const std::vector<std::int32_t>& row : rows) experts.insert(experts.end(), row.begin(), row.end());
  return experts.empty() ? at::Tensor() : at::tensor(experts, at::kLong);
}

}  // namespace phatgoose
