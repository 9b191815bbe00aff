#include "phatgoose/nn/t5_layers.h"

#include <ATen/ATen.h>

#include "phatgoose/nn/activation.h"
#include "phatgoose/nn/norm.h"
#include "phatgoose/nn/residual.h"

namespace phatgoose {
namespace {

using namespace dropout_site;

std::string encoder_module(std::int64_t number) { return "encoder.block." + std::to_string(number) + ".layer."; }
std::string decoder_module(std::int64_t number) { return "decoder.block." + std::to_string(number) + ".layer."; }

std::uint32_t first_site(std::int64_t number) {
  return kFirstLayer + static_cast<std::uint32_t>(number) * kSitesPerLayer;
}
std::uint32_t decoder_site(const T5Weights& weights, std::int64_t number) {
  return first_site(weights.config.num_layers + number);
}

const at::Tensor& norm_of(const T5Weights& weights, const std::string& module) {
  return weights.tensor(module + ".layer_norm.weight");
}

const char* first_inner(FeedForwardKind kind) { return kind == FeedForwardKind::gated_gelu ? "wi_0" : "wi"; }

}  // namespace

SelfAttention::SelfAttention(const T5Weights& weights, const std::string& module, std::uint32_t site)
    : norm_(norm_of(weights, module)),
      epsilon_(weights.config.layer_norm_epsilon),
      qkv_(weights.group(module + ".SelfAttention.q")),
      output_(weights.group(module + ".SelfAttention.o")),
      site_(site) {}

at::Tensor SelfAttention::forward(const at::Tensor& x, const LayerContext& context) const {
  const at::Tensor qkv = qkv_.forward(rms_norm(x, norm_, epsilon_), context.pass);  // [N, 3 H K]
  const std::int64_t inner = qkv.size(1) / 3;
  at::Tensor mixed;  // [N, H K]
  if (context.cache == nullptr) {
    mixed = packed_attention(qkv, qkv, inner, context.self, site_ + kSelfWeights);
  } else {
    const at::Tensor past = context.cache->append(qkv.narrow(1, inner, 2 * inner));  // [rows * max_length, 2 H K]
    mixed = packed_attention(qkv, past, 0, context.self);
  }
  return add_residual(x, output_.forward(mixed, context.pass), context.pass, site_ + kSelfOutput);  // [N, D]
}

CrossAttention::CrossAttention(const T5Weights& weights, const std::string& module, std::uint32_t site)
    : norm_(norm_of(weights, module)),
      epsilon_(weights.config.layer_norm_epsilon),
      query_(weights.group(module + ".EncDecAttention.q")),
      key_value_(weights.group(module + ".EncDecAttention.k")),
      output_(weights.group(module + ".EncDecAttention.o")),
      site_(site) {}

at::Tensor CrossAttention::keys_values(const at::Tensor& states, const Pass& pass) const {
  return key_value_.forward(states, pass);
}

at::Tensor CrossAttention::forward(const at::Tensor& x, const LayerContext& context) const {
  const at::Tensor query = query_.forward(rms_norm(x, norm_, epsilon_), context.pass);  // [N, H K]
  const at::Tensor mixed = packed_attention(query, *context.keys_values, 0, *context.cross, site_ + kCrossWeights);
  return add_residual(x, output_.forward(mixed, context.pass), context.pass, site_ + kCrossOutput);  // [N, D]
}

FeedForward::FeedForward(const T5Weights& weights, const std::string& module, std::uint32_t site)
    : norm_(norm_of(weights, module)),
      epsilon_(weights.config.layer_norm_epsilon),
      kind_(weights.config.feed_forward),
      inner_(weights.group(module + ".DenseReluDense." + first_inner(kind_))),
      output_(weights.group(module + ".DenseReluDense.wo")),
      site_(site) {}

at::Tensor FeedForward::forward(const at::Tensor& x, const Pass& pass) const {
  const at::Tensor h = inner_.forward(rms_norm(x, norm_, epsilon_), pass);                         // [N, 2F] or [N, F]
  const at::Tensor inner = with_dropout(feed_forward_activation(h, kind_), pass, site_ + kInner);  // [N, F]
  return add_residual(x, output_.forward(inner, pass), pass, site_ + kFeedForward);                // [N, D]
}

EncoderLayer::EncoderLayer(const T5Weights& weights, std::int64_t number)
    : self_attention_(weights, encoder_module(number) + "0", first_site(number)),
      feed_forward_(weights, encoder_module(number) + "1", first_site(number)) {}

at::Tensor EncoderLayer::forward(const at::Tensor& x, const LayerContext& context) const {
  return feed_forward_.forward(self_attention_.forward(x, context), context.pass);
}

DecoderLayer::DecoderLayer(const T5Weights& weights, std::int64_t number)
    : self_attention_(weights, decoder_module(number) + "0", decoder_site(weights, number)),
      cross_attention_(weights, decoder_module(number) + "1", decoder_site(weights, number)),
      feed_forward_(weights, decoder_module(number) + "2", decoder_site(weights, number)) {}

at::Tensor DecoderLayer::forward(const at::Tensor& x, const LayerContext& context) const {
  const at::Tensor attended = cross_attention_.forward(self_attention_.forward(x, context), context);  // [N, D]
  return feed_forward_.forward(attended, context.pass);
}

at::Tensor DecoderLayer::cross_keys_values(const at::Tensor& states, const Pass& pass) const {
  return cross_attention_.keys_values(states, pass);
}

}  // namespace phatgoose
