// Dropout whose noise is a pure function of (seed, step, row in the global batch, position, site, feature): neither the
// packed layout nor micro-batches nor resuming changes it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/nn/packing.h"

namespace phatgoose {

/// The noise of one training step.
class Dropout {
 public:
  /// `rate` in [0, 1). `rows[i]` is the place of packed row i in the global batch of the step.
  Dropout(double rate, std::uint64_t seed, std::uint64_t step, std::vector<std::int64_t> rows);

  double rate() const { return rate_; }

  /// x [N, C] with entries dropped and the rest scaled by 1 / (1 - rate). `site` numbers the place in the model.
  at::Tensor apply(const at::Tensor& x, const Packing& packing, std::uint32_t site) const;  // [N, C]

  /// Multipliers (0 or 1 / (1 - rate)) for the attention weights of one packed row, fp32.
  at::Tensor attention_mask(std::int64_t row, std::int64_t heads, std::int64_t queries, std::int64_t keys,
                            std::uint32_t site) const;  // [H, queries, keys]

 private:
  double rate_;
  std::uint64_t seed_, step_;
  std::vector<std::int64_t> rows_;
};

}  // namespace phatgoose
