#include "phatgoose/nn/position_bias.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace phatgoose {
namespace {

at::Tensor bias_of(const at::Tensor& table, std::int64_t length, bool bidirectional, const PositionBuckets& buckets) {
  // One bucket per distance; the [length, length] matrix is a set of shifted windows over them.
  at::Tensor by_distance = at::empty({2 * length - 1}, at::kLong);
  std::int64_t* bucket = by_distance.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < 2 * length - 1; ++i)
    bucket[i] = relative_position_bucket(i - (length - 1), bidirectional, buckets);
  const at::Tensor position = at::arange(length, at::kLong);
  const at::Tensor index = position.unsqueeze(0) - position.unsqueeze(1) + (length - 1);         // [q, k]
  const at::Tensor by_pair = by_distance.index_select(0, index.reshape(-1)).to(table.device());  // [q k]
  return table.to(at::kFloat).index_select(0, by_pair).t().reshape({table.size(1), length, length}).contiguous();
}

}  // namespace

PositionBuckets position_buckets(const T5Config& config) {
  return {config.relative_attention_num_buckets, config.relative_attention_max_distance};
}

std::int64_t relative_position_bucket(std::int64_t relative_position, bool bidirectional,
                                      const PositionBuckets& buckets) {
  std::int64_t count = buckets.count, offset = 0, distance = 0;
  if (bidirectional) {
    count /= 2;
    offset = relative_position > 0 ? count : 0;
    distance = std::abs(relative_position);
  } else {
    distance = std::max<std::int64_t>(0, -relative_position);
  }
  const std::int64_t exact = count / 2;
  if (distance < exact) return offset + distance;
  // fp32 as in the reference implementation, so that borderline distances fall into the same bucket.
  const float log_ratio =
      std::log(static_cast<float>(distance) / static_cast<float>(exact)) /
      static_cast<float>(std::log(static_cast<double>(buckets.max_distance) / static_cast<double>(exact)));
  const auto logarithmic = exact + static_cast<std::int64_t>(log_ratio * static_cast<float>(count - exact));
  return offset + std::min(logarithmic, count - 1);
}

at::Tensor encoder_position_bias(const at::Tensor& table, std::int64_t length, const PositionBuckets& buckets) {
  return bias_of(table, length, true, buckets);
}

at::Tensor decoder_position_bias(const at::Tensor& table, std::int64_t length, const PositionBuckets& buckets) {
  const at::Tensor future = at::full({length, length}, -std::numeric_limits<float>::infinity(),
                                     table.options().dtype(at::kFloat).requires_grad(false))
                                .triu(1);  // [T, T]
  return bias_of(table, length, false, buckets) + future;
}

}  // namespace phatgoose
