// Rows of unequal length laid back to back, so that no computation is spent on pads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "phatgoose/nn/shapes.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// Where each row lies in a packed tensor: row i holds tokens [offsets[i], offsets[i + 1]).
class Packing {
 public:
  Packing() : offsets_{0} {}
  static Packing of_lengths(std::span<const std::int64_t> lengths);

  std::int64_t rows() const { return static_cast<std::int64_t>(offsets_.size()) - 1; }
  std::int64_t tokens() const { return offsets_.back(); }
  std::int64_t offset(std::int64_t row) const { return offsets_[row]; }
  std::int64_t length(std::int64_t row) const { return offsets_[row + 1] - offsets_[row]; }
  std::int64_t max_length() const;
  /// The row of every token.
  at::Tensor row_of_tokens() const;  // [N] int64, CPU

  /// What is known of every row as a whole, by expert: routers add it to the scores of the row's tokens (-infinity: the
  /// expert does not compete). Undefined where nothing is known.
  const at::Tensor& row_scores() const { return row_scores_; }  // [rows, E] fp32, CPU
  void set_row_scores(at::Tensor scores) { row_scores_ = std::move(scores); }
  /// The same for other rows, each of which comes from one of these.
  void inherit_row_scores(const Packing& from, std::span<const std::int64_t> source_rows);

  /// The one expert that competes for each token. Undefined where all do.
  const at::Tensor& token_experts() const { return token_experts_; }  // [N] int64, CPU
  /// A list for each row, as long as the row; lists that are all empty: no change.
  void set_token_experts(std::span<const std::vector<std::int32_t>> rows);

 private:
  std::vector<std::int64_t> offsets_;
  at::Tensor row_scores_, token_experts_;
};

/// Token ids of several rows.
struct PackedIds {
  at::Tensor ids;  ///< [N] int64
  Packing packing;
};

PackedIds pack_ids(std::span<const TokenIds> rows, at::Device device);
/// The decoder's inputs for the given targets: start token first, last target token dropped.
PackedIds pack_decoder_inputs(std::span<const TokenIds> targets, TokenId start, at::Device device);

}  // namespace phatgoose
