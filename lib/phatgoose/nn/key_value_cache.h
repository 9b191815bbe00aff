// The keys and values of earlier tokens, for decoding token by token.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>

#include "phatgoose/nn/shapes.h"

namespace phatgoose {

/// Some of the rows of a cache.
struct CachedRows {
  at::Tensor places;   ///< [n] int64, on the device of the keys
  std::int64_t count;  ///< rows that the cache has
};

/// Of all self-attentions of a stack.
class KeyValueCache {
 public:
  /// For at most `max_length` tokens of each row.
  explicit KeyValueCache(std::int64_t max_length) : max_length_(max_length) {}

  /// Adds the next token of every row to those of the attention whose place of dropout is `site`, and returns all of
  /// them so far: those of row i begin at i * max_length. With `rows` the tokens are of these only, the same rows for
  /// every token of one attention; nothing is known of the others.
  at::Tensor append(std::uint32_t site, const at::Tensor& keys_values,
                    const CachedRows* rows = nullptr);  // [rows, columns] -> [rows * max_length, columns]

  /// Drops all rows but those at `kept` (int64, ascending).
  void keep(const at::Tensor& kept);

 private:
  struct Past {
    at::Tensor tokens;  // [rows, max_length, columns]
    std::int64_t known = 0;
  };

  std::int64_t max_length_;
  std::map<std::uint32_t, Past> pasts_;  // by site
};

}  // namespace phatgoose
