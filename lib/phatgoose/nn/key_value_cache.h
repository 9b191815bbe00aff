// The keys and values of earlier tokens, for decoding token by token.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "phatgoose/nn/shapes.h"

namespace phatgoose {

/// Of one self-attention.
class KeyValueCache {
 public:
  /// For at most `max_length` tokens of each of `rows` rows, with `columns` numbers each.
  KeyValueCache(std::int64_t rows, std::int64_t max_length, std::int64_t columns, const at::TensorOptions& options);

  /// Adds the next token of every row, and returns all tokens so far: those of row i begin at i * max_length.
  at::Tensor append(const at::Tensor& keys_values);  // [rows, columns] -> [rows * max_length, columns]

  /// Drops all rows but those at `kept` (int64, ascending).
  void keep(const at::Tensor& kept);

 private:
  at::Tensor tokens_;  // [rows, max_length, columns]
  std::int64_t known_ = 0;
};

}  // namespace phatgoose
