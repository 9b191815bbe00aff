// From texts to unit vectors: batches of similar length through an encoder, one vector for each row.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <span>

#include "phatgoose/embed/sentence_encoder_files.h"
#include "phatgoose/nn/packing.h"

namespace phatgoose {

/// States of packed tokens: [N] -> [N, D].
using EncodeStates = std::function<at::Tensor(const PackedIds&)>;

/// Encodes the rows (each at least one id), pools the states of each and scales the result to length 1.
at::Tensor embed_rows(std::span<const TokenIds> rows, std::int64_t dimension, Pooling pooling, at::Device device,
                      const EncodeStates& encode);  // [n, D] fp32 on the CPU

}  // namespace phatgoose
