// Rows of unequal length laid back to back, so that no computation is spent on pads.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/nn/row_context.h"
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

 private:
  std::vector<std::int64_t> offsets_;
};

/// Token ids of several rows, and what is known of these.
struct PackedIds {
  at::Tensor ids;  ///< [N] int64
  Packing packing;
  RowContext rows = {};
};

PackedIds pack_ids(std::span<const TokenIds> rows, at::Device device);
/// The decoder's inputs for the given targets: start token first, last target token dropped.
PackedIds pack_decoder_inputs(std::span<const TokenIds> targets, TokenId start, at::Device device);

}  // namespace phatgoose
