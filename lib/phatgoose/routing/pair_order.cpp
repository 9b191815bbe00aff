#include "phatgoose/routing/pair_order.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace phatgoose {

PairOrder::PairOrder(const Selection& selection, std::int64_t experts)
    : experts_(experts), slots_(selection.columns.size(1)) {
  const std::int64_t tokens = selection.columns.size(0);
  const auto* columns = selection.columns.const_data_ptr<std::int32_t>();
  const auto* weights = selection.weights.const_data_ptr<float>();

  // A counting sort by (expert, slot); walking the tokens in order keeps them in order within a segment.
  begins_.assign(static_cast<std::size_t>(experts_ * slots_ + 1), 0);
  for (std::int64_t token = 0; token < tokens; ++token) {
    for (std::int64_t slot = 0; slot < slots_; ++slot) {
      const std::int32_t column = columns[token * slots_ + slot];
      if (column >= 0) ++begins_[column * slots_ + slot + 1];
    }
  }
  for (std::size_t i = 1; i < begins_.size(); ++i) begins_[i] += begins_[i - 1];

  std::vector<std::int64_t> next(begins_.begin(), begins_.end() - 1);
  tokens_.resize(static_cast<std::size_t>(pairs()));
  weights_.resize(tokens_.size());
  for (std::int64_t token = 0; token < tokens; ++token) {
    for (std::int64_t slot = 0; slot < slots_; ++slot) {
      const std::int32_t column = columns[token * slots_ + slot];
      if (column < 0) continue;
      const std::int64_t place = next[column * slots_ + slot]++;
      tokens_[place] = static_cast<std::int32_t>(token);
      weights_[place] = weights[token * slots_ + slot];
    }
  }
}

std::int64_t PairOrder::expert_of(std::int64_t pair) const {
  const auto after = std::upper_bound(begins_.begin(), begins_.end(), pair);
  return (after - begins_.begin() - 1) / slots_;
}

}  // namespace phatgoose
