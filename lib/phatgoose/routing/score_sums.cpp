#include "phatgoose/routing/score_sums.h"

#include <ATen/ATen.h>

#include <vector>

namespace phatgoose {

ScoreSums::ScoreSums(std::int64_t rows, std::int64_t experts, std::function<bool(std::int64_t)> counts)
    : counts_(std::move(counts)), sums_(at::zeros({rows, experts}, at::kDouble)), numbers_(at::zeros_like(sums_)) {}

void ScoreSums::add(std::int64_t linear, const at::Tensor& scores, std::span<const std::int32_t> expert_of_column,
                    const Packing& packing) {
  if (counts_ && !counts_(linear)) return;
  const at::Tensor by_row = at::zeros({sums_.size(0), scores.size(1)}, at::kDouble);
  by_row.index_add_(0, packing.row_of_tokens(), scores.to(at::kDouble));  // [rows, columns]
  std::vector<std::int64_t> lengths;
  for (std::int64_t row = 0; row < packing.rows(); ++row) lengths.push_back(packing.length(row));
  const at::Tensor tokens = at::tensor(lengths, at::kDouble);  // [rows]
  for (std::int64_t column = 0; column < scores.size(1); ++column) {
    const std::int64_t expert = expert_of_column[static_cast<std::size_t>(column)];
    sums_.select(1, expert).add_(by_row.select(1, column));
    numbers_.select(1, expert).add_(tokens);
  }
}

at::Tensor ScoreSums::means() const { return sums_.div(numbers_).to(at::kFloat); }

}  // namespace phatgoose
