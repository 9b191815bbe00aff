// Encoder states that several methods share: those that leave the encoder as it is in the base.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <vector>

#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

/// Keeps the states of the first batches that it is asked for, until `byte_limit` is reached, and never drops one:
/// methods go through the same batches in the same order, so that dropping the oldest would drop what comes next.
class EncoderCache {
 public:
  explicit EncoderCache(std::int64_t byte_limit) : byte_limit_(byte_limit) {}

  /// model.encode_states(input), to the bit. Every model that asks must have the same encoder weights, and no adapter
  /// or update on them.
  at::Tensor states(const T5Model& model, const PackedIds& input);  // [N_src, D]

  std::int64_t computed() const { return computed_; }  ///< batches that went through an encoder
  std::int64_t reused() const { return reused_; }      ///< batches that did not

 private:
  std::int64_t byte_limit_, bytes_ = 0, computed_ = 0, reused_ = 0;
  std::map<std::vector<std::int64_t>, at::Tensor> kept_;  // by the batch's ids, its row lengths before them
};

/// model.encode(input), the states from `cache` where there is one.
EncodedRows encode_with(const T5Model& model, const PackedIds& input, EncoderCache* cache);

}  // namespace phatgoose
