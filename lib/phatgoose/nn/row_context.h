// What a pass knows of its rows besides their tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/nn/shapes.h"

namespace phatgoose {

/// Each part is undefined where nothing is known. All are on the CPU.
struct RowContext {
  /// Of every row as a whole: routers add it to the scores of the row's tokens (-infinity: the expert does not
  /// compete).
  at::Tensor expert_scores = {};  ///< [rows, E] fp32
  /// The one expert that competes for each token.
  at::Tensor token_experts = {};  ///< [N] int64
  /// The number of every row's task, for adapters that are made of tasks' parts.
  at::Tensor tasks = {};  ///< [rows] int64
  /// The place of every row in the batch of a training step, for adapters that draw noise for rows.
  at::Tensor places = {};  ///< [rows] int64

  /// These rows, row i of which comes from row `source_rows[i]` of `sources`: what is not known of them is taken over
  /// from there, except for what belongs to single tokens.
  RowContext inheriting(const RowContext& sources, std::span<const std::int64_t> source_rows) const;
};

/// RowContext::token_experts from a list for each row, as long as the row; undefined where all are empty.
at::Tensor token_experts_of(std::span<const std::vector<std::int32_t>> rows);  // [N]

}  // namespace phatgoose
