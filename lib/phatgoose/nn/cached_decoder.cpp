#include "phatgoose/nn/cached_decoder.h"

#include <ATen/ATen.h>

#include <numeric>

#include "phatgoose/nn/position_bias.h"
#include "phatgoose/nn/t5_stack.h"

namespace phatgoose {

CachedDecoder::CachedDecoder(const T5Model& model, const EncodedRows& encoded, std::int64_t max_length)
    : model_(model), encoded_(encoded), cache_(max_length) {
  const at::Tensor& table = model.stacks().decoder.position_table();                                     // [buckets, H]
  bias_ = decoder_position_bias(table, max_length, position_buckets(model.config())).to(model.dtype());  // [H, T, T]
  source_rows_.resize(static_cast<std::size_t>(encoded.packing.rows()));
  std::iota(source_rows_.begin(), source_rows_.end(), 0);
}

at::Tensor CachedDecoder::step(const at::Tensor& ids) {
  const std::int64_t rows = std::ssize(source_rows_), heads = model_.config().num_heads, known = ++steps_;
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>(source_rows_.size(), 1));
  const RowContext context = RowContext().inheriting(encoded_.rows, source_rows_);
  // All rows are at the same position, and each has its own keys: those of its tokens so far.
  const AttentionRun run{.row = 0,
                         .count = rows,
                         .query_begin = 0,
                         .queries = 1,
                         .key_begin = 0,
                         .keys = known,
                         .key_pitch = bias_.size(2)};
  return model_.stacks().decoder.forward(
      ids, {.pass = {packing, context},
            .self = {{run}, heads, bias_.narrow(1, known - 1, 1)},
            .cross = {cross_attention_runs(packing, encoded_.packing, source_rows_, true), heads},
            .cross_keys_values = encoded_.cross_keys_values,
            .cache = &cache_});  // [rows, D]
}

void CachedDecoder::keep(std::span<const std::int64_t> kept) {
  const at::Tensor index =
      at::tensor(at::ArrayRef<std::int64_t>(kept.data(), kept.size()), at::kLong).to(model_.device());
  cache_.keep(index);
  std::vector<std::int64_t> rows;
  for (const std::int64_t place : kept) rows.push_back(source_rows_[static_cast<std::size_t>(place)]);
  source_rows_ = std::move(rows);
}

}  // namespace phatgoose
