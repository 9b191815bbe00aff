// Dropout whose noise is a pure function of (seed, step, row in the global batch, position, site, feature): neither the
// packed layout nor micro-batches nor resuming changes it.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/nn/packing.h"

namespace phatgoose {

/// The noise of one training step. The rate is realised in steps of 2^-16; what is kept is scaled by the exact inverse
/// of the probability of being kept, so that expectations are unchanged.
class Dropout {
 public:
  /// `rate` in [0, 1). `rows[i]` is the place of packed row i in the global batch of the step.
  Dropout(double rate, std::uint64_t seed, std::uint64_t step, std::vector<std::int64_t> rows);

  /// The noise of rows that are those at `places` among the packed rows; the same place may stand there several times.
  Dropout of_rows(std::span<const std::int64_t> places) const;

  /// x [N, C] with entries dropped and the rest scaled up. `site` (below 2^16) numbers the place in the model.
  /// Differentiable.
  at::Tensor apply(const at::Tensor& x, const Packing& packing, std::uint32_t site) const;  // [N, C]

  /// Multipliers (0 or the scale) for the attention weights of `count` packed rows from `row` on, fp32 on the CPU;
  /// drawn per (row, head, query, key), so that they do not depend on the batch.
  at::Tensor attention_multipliers(std::int64_t row, std::int64_t count, std::int64_t heads, std::int64_t queries,
                                   std::int64_t keys, std::uint32_t site) const;  // [count, H, queries, keys]

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint32_t threshold_;  ///< of 16 random bits: kept where they are not below it
  float scale_;
  std::vector<std::int64_t> rows_;
};

}  // namespace phatgoose
