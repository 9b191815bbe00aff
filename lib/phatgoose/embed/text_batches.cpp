#include "phatgoose/embed/text_batches.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <numeric>

namespace phatgoose {
namespace {

constexpr std::int64_t kTokensPerBatch = 4096;

/// Numbers of the rows by length, so that rows of one batch share runs of attention.
std::vector<std::int64_t> order_of_length(std::span<const TokenIds> rows) {
  std::vector<std::int64_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return rows[a].size() < rows[b].size(); });
  return order;
}

at::Tensor pooled(const at::Tensor& states, const Packing& packing, Pooling pooling) {  // [N, D] -> [B, D]
  std::vector<std::int64_t> first, lengths;
  for (std::int64_t row = 0; row < packing.rows(); ++row) {
    first.push_back(packing.offset(row));
    lengths.push_back(packing.length(row));
  }
  if (pooling == Pooling::first) return states.index_select(0, at::tensor(first, at::kLong).to(states.device()));
  return at::segment_reduce(states, "mean", at::tensor(lengths, at::kLong).to(states.device()));  // [B, D]
}

}  // namespace

at::Tensor embed_rows(std::span<const TokenIds> rows, std::int64_t dimension, Pooling pooling, at::Device device,
                      const EncodeStates& encode) {
  const at::NoGradGuard no_gradients;
  at::Tensor result = at::empty({static_cast<std::int64_t>(rows.size()), dimension}, at::kFloat);  // [n, D]
  const std::vector<std::int64_t> order = order_of_length(rows);
  for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    std::vector<TokenIds> batch;
    for (std::int64_t tokens = 0; end < order.size(); ++end) {
      tokens += static_cast<std::int64_t>(rows[order[end]].size());
      if (!batch.empty() && tokens > kTokensPerBatch) break;
      batch.push_back(rows[order[end]]);
    }
    const PackedIds packed = pack_ids(batch, device);
    const at::Tensor vectors = pooled(encode(packed).to(at::kFloat), packed.packing, pooling).cpu();  // [B, D]
    const at::Tensor norms = vectors.norm(2, 1, true).clamp_min(1e-12);                               // [B, 1]
    const std::vector<std::int64_t> places(order.begin() + begin, order.begin() + end);
    result.index_copy_(0, at::tensor(places, at::kLong), vectors / norms);
  }
  return result;
}

}  // namespace phatgoose
