// T5's relative position bias (METHODS: base model; arXiv 1910.10683, section 2.1), which MPNet has too.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/nn/position_buckets.h"
#include "phatgoose/nn/shapes.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

PositionBuckets position_buckets(const T5Config& config);

/// Bucket of the relative position key - query. Bidirectional (encoder): half of the buckets for each sign; otherwise
/// (decoder) only the past counts.
std::int64_t relative_position_bucket(std::int64_t relative_position, bool bidirectional,
                                      const PositionBuckets& buckets);

/// Encoder bias for queries and keys 0 ... length - 1: entry [h, q, k] = table[bucket(k - q), h].
/// table [buckets, H]; differentiable with respect to it; fp32.
at::Tensor encoder_position_bias(const at::Tensor& table, std::int64_t length,
                                 const PositionBuckets& buckets);  // [H, S, S]

/// The same for the decoder, with -inf where the key lies after the query.
at::Tensor decoder_position_bias(const at::Tensor& table, std::int64_t length,
                                 const PositionBuckets& buckets);  // [H, T, T]

}  // namespace phatgoose
