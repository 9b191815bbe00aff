// The decoder stack one token at a time: keys and values of earlier tokens are kept instead of computed again.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/nn/key_value_cache.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

/// Decodes all rows of `encoded` in step: every call of step() gives each live row its next token. Inference only.
class CachedDecoder {
 public:
  /// At most `max_length` steps. `model` and `encoded` must outlive the decoder.
  CachedDecoder(const T5Model& model, const EncodedRows& encoded, std::int64_t max_length);

  /// `ids` [rows] int64: the next input token of every live row. Returns what T5Model::decode gives at that position.
  at::Tensor step(const at::Tensor& ids);  // [rows, D]

  /// Drops all live rows but those at `kept` (ascending places among the live rows).
  void keep(std::span<const std::int64_t> kept);

 private:
  const T5Model& model_;
  const EncodedRows& encoded_;
  at::Tensor bias_;  // [H, max_length, max_length]
  KeyValueCache cache_;
  std::vector<std::int64_t> source_rows_;  // encoder row of every live row
  std::int64_t steps_ = 0;
};

}  // namespace phatgoose
