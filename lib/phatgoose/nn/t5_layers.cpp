#include "phatgoose/nn/t5_layers.h"

#include <ATen/ATen.h>

#include "phatgoose/nn/activation.h"
#include "phatgoose/nn/norm.h"
#include "phatgoose/nn/residual.h"

namespace phatgoose {
namespace {

using namespace dropout_site;

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
    // [rows * max_length, 2 H K]
    const at::Tensor past = context.cache->append(site_, qkv.narrow(1, inner, 2 * inner), context.cached_rows);
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
  const at::Tensor mixed =
      packed_attention(query, *context.keys_values, 0, *context.cross, site_ + kCrossWeights);       // [N, H K]
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

T5Layer::T5Layer(const T5Weights& weights, const std::string& block, bool decodes, std::uint32_t site)
    : self_attention_(weights, block + ".layer.0", site),
      feed_forward_(weights, block + (decodes ? ".layer.2" : ".layer.1"), site) {
  if (decodes) cross_attention_.emplace(weights, block + ".layer.1", site);
}

at::Tensor T5Layer::forward(const at::Tensor& x, const LayerContext& context) const {
  at::Tensor attended = self_attention_.forward(x, context);  // [N, D]
  if (cross_attention_) attended = cross_attention_->forward(attended, context);
  return feed_forward_.forward(attended, context.pass);
}

at::Tensor T5Layer::cross_keys_values(const at::Tensor& states, const Pass& pass) const {
  return cross_attention_->keys_values(states, pass);
}

}  // namespace phatgoose
