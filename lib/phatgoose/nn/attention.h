// Multi-head attention on packed tokens: no pads, no transposed copies (METHODS: base model; scores are not divided by
// sqrt(K)).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "phatgoose/nn/pass.h"

namespace phatgoose {

/// Rows `row` ... `row + count - 1`, all with the same numbers of queries and keys. Their queries lie back to back, and
/// so do their keys unless `key_pitch` says how far those of neighbours are apart.
struct AttentionRun {
  std::int64_t row, count;
  std::int64_t query_begin, queries;
  std::int64_t key_begin, keys;
  std::int64_t key_pitch = 0;
};

/// Self-attention: every row attends to itself. Consecutive rows of equal length form one run.
std::vector<AttentionRun> self_attention_runs(const Packing& packing);

/// Cross-attention: target row i attends to encoder row source_rows[i] (not decreasing). Targets that share a source
/// make one run of more queries, since cross-attention has neither mask nor bias. Where dropout is on, rows are kept
/// apart (`merge_targets` false) so that noise can be drawn by row.
std::vector<AttentionRun> cross_attention_runs(const Packing& targets, const Packing& sources,
                                               std::span<const std::int64_t> source_rows, bool merge_targets);

/// What attention is computed over besides queries, keys and values.
struct AttentionInputs {
  std::vector<AttentionRun> runs;
  std::int64_t heads;
  at::Tensor bias = {};              ///< [H, >= queries, >= keys] with -inf where masked, or undefined
  const Dropout* dropout = nullptr;  ///< on the attention weights
};

/// softmax(q k^T + bias) v for every run. `queries` [N_q, columns] holds q in columns [0, H K); `keys_values` [N_k,
/// columns] holds k and v in its last two blocks of H K columns, from `key_column` on; for self-attention both are the
/// same [N, 3 H K] tensor. `site`: of the dropout. Differentiable with respect to both, and to the bias where it
/// requires grad.
at::Tensor packed_attention(const at::Tensor& queries, const at::Tensor& keys_values, std::int64_t key_column,
                            const AttentionInputs& inputs, std::uint32_t site = 0);  // [N_q, H K]

}  // namespace phatgoose
