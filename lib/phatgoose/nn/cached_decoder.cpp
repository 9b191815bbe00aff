#include "phatgoose/nn/cached_decoder.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numeric>

#include "phatgoose/nn/attention.h"
#include "phatgoose/nn/norm.h"
#include "phatgoose/nn/position_bias.h"
#include "phatgoose/nn/t5_layers.h"

namespace phatgoose {

CachedDecoder::CachedDecoder(const T5Model& model, const EncodedRows& encoded, std::int64_t max_length)
    : model_(model), encoded_(encoded) {
  const T5Layers& layers = model.layers();
  const std::int64_t rows = encoded.packing.rows();
  bias_ = decoder_position_bias(layers.decoder_bias, max_length, layers.config);  // [H, T, T]
  for (std::size_t block = 0; block < layers.decoder.size(); ++block) {
    cache_.push_back(at::empty({rows, max_length, 2 * layers.config.inner_dim()}, encoded.states.options()));
  }
  source_rows_.resize(static_cast<std::size_t>(rows));
  std::iota(source_rows_.begin(), source_rows_.end(), 0);
}

at::Tensor CachedDecoder::self_attention(std::size_t block, const at::Tensor& x, const Pass& pass) {
  const T5Config& config = model_.config();
  const SelfAttentionLayer& layer = model_.layers().decoder[block].self_attention;
  const std::int64_t rows = x.size(0), inner = config.inner_dim(), heads = config.num_heads, known = steps_ + 1;
  const at::Tensor qkv = layer.qkv->forward(rms_norm(x, layer.norm, config.layer_norm_epsilon), pass);  // [rows, 3 H K]
  cache_[block].select(1, steps_).copy_(qkv.narrow(1, inner, 2 * inner));
  const at::Tensor past = cache_[block].narrow(1, 0, known);  // [rows, known, 2 H K]
  const auto by_head = [&](const at::Tensor& columns) {       // [rows, L, H K] -> [rows, H, L, K]
    return columns.unflatten(2, {heads, config.d_kv}).transpose(1, 2);
  };
  const at::Tensor bias = bias_.narrow(1, steps_, 1).narrow(2, 0, known).unsqueeze(0);  // [1, H, 1, known]
  const at::Tensor mixed = at::scaled_dot_product_attention(
      by_head(qkv.narrow(1, 0, inner).unsqueeze(1)), by_head(past.narrow(2, 0, inner)),
      by_head(past.narrow(2, inner, inner)), bias.to(x.scalar_type()), 0.0, false, 1.0);  // [rows, H, 1, K]
  return x + layer.output->forward(mixed.reshape({rows, inner}), pass);                   // [rows, D]
}

at::Tensor CachedDecoder::cross_attention(std::size_t block, const at::Tensor& x, const Pass& pass) const {
  const T5Config& config = model_.config();
  const CrossAttentionLayer& layer = model_.layers().decoder[block].cross_attention;
  const at::Tensor query =
      layer.query->forward(rms_norm(x, layer.norm, config.layer_norm_epsilon), pass);  // [rows, H K]
  const AttentionInputs inputs{
      cross_attention_runs(pass.packing, encoded_.packing, source_rows_, true), config.num_heads, {}};
  const at::Tensor mixed = packed_attention(query, encoded_.cross_keys_values[block], 0, inputs);  // [rows, H K]
  return x + layer.output->forward(mixed, pass);                                                   // [rows, D]
}

at::Tensor CachedDecoder::step(const at::Tensor& ids) {
  const T5Layers& layers = model_.layers();
  const T5Config& config = layers.config;
  const std::vector<std::int64_t> ones(source_rows_.size(), 1);
  Packing packing = Packing::of_lengths(ones);
  packing.inherit_row_scores(encoded_.packing, source_rows_);
  const Pass pass{packing};
  at::Tensor x = at::embedding(layers.embedding, ids);  // [rows, D]
  for (std::size_t block = 0; block < layers.decoder.size(); ++block) {
    x = self_attention(block, x, pass);
    x = cross_attention(block, x, pass);
    x = feed_forward(layers.decoder[block].feed_forward, x, config, pass, 0);
  }
  ++steps_;
  x = rms_norm(x, layers.decoder_norm, config.layer_norm_epsilon);
  return config.scale_decoder_outputs ? x * std::pow(static_cast<double>(config.d_model), -0.5) : x;  // [rows, D]
}

void CachedDecoder::keep(std::span<const std::int64_t> kept) {
  const at::Tensor index =
      at::tensor(at::ArrayRef<std::int64_t>(kept.data(), kept.size()), at::kLong).to(model_.device());
  for (at::Tensor& cache : cache_) cache = cache.index_select(0, index);
  std::vector<std::int64_t> rows;
  for (const std::int64_t place : kept) rows.push_back(source_rows_[static_cast<std::size_t>(place)]);
  source_rows_ = std::move(rows);
}

}  // namespace phatgoose
