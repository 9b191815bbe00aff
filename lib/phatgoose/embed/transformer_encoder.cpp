#include "phatgoose/embed/transformer_encoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <optional>

#include "phatgoose/embed/rotary_positions.h"
#include "phatgoose/nn/attention.h"
#include "phatgoose/nn/position_bias.h"

namespace phatgoose {
namespace {

at::Tensor activate(const at::Tensor& h, EncoderActivation activation) {
  switch (activation) {
    case EncoderActivation::gelu:
      return at::gelu(h, "none");
    case EncoderActivation::gelu_tanh:
      return at::gelu(h, "tanh");
    case EncoderActivation::relu:
      return at::relu(h);
    case EncoderActivation::silu:
      return at::silu(h);
  }
  return h;
}

}  // namespace

TransformerEncoder TransformerEncoder::load(const fs::path& directory, at::Device device) {
  EncoderConfig config = read_encoder_config(directory);
  EncoderWeights weights = load_encoder_weights(directory, config, device);
  return {std::move(config), std::move(weights)};
}

/// The place of each token in its row, as positions count it.
at::Tensor TransformerEncoder::places(const PackedIds& input) const {
  const at::Tensor ids = input.ids.cpu(), places = at::empty_like(ids);  // [N]
  const std::int64_t* id = ids.const_data_ptr<std::int64_t>();
  std::int64_t* place = places.mutable_data_ptr<std::int64_t>();
  for (std::int64_t row = 0; row < input.packing.rows(); ++row) {
    std::int64_t next = config_.padding ? *config_.padding + 1 : 0;
    const std::int64_t begin = input.packing.offset(row);
    for (std::int64_t i = begin; i < begin + input.packing.length(row); ++i)
      place[i] = config_.padding == id[i] ? id[i] : next++;
  }
  return places;
}

at::Tensor TransformerEncoder::embedded(const PackedIds& input, const at::Tensor& places) const {
  at::Tensor x = at::embedding(weights_.words, input.ids);  // [N, D]
  if (weights_.positions.defined()) x.add_(weights_.positions.index_select(0, places.to(device())));
  return weights_.embedding_norm.forward(x);
}

at::Tensor TransformerEncoder::activated(const at::Tensor& h) const {
  if (!config_.gated) return activate(h, config_.activation);
  const std::int64_t size = config_.intermediate_size;
  return activate(h.narrow(1, 0, size), config_.activation).mul_(h.narrow(1, size, size));  // [N, 2 F] -> [N, F]
}

at::Tensor TransformerEncoder::encode_states(const PackedIds& input) const {
  const at::NoGradGuard no_gradients;
  AttentionInputs attention{self_attention_runs(input.packing), config_.num_attention_heads};
  if (config_.position_buckets) {
    attention.bias = encoder_position_bias(weights_.position_bias, input.packing.max_length(),
                                           *config_.position_buckets);  // [H, S, S]
  }
  const at::Tensor places = this->places(input);  // [N]
  std::optional<RotaryPositions> rotary;
  if (config_.rotary_base) rotary.emplace(places, config_.head_size(), *config_.rotary_base, device());
  at::Tensor x = embedded(input, places);  // [N, D]
  for (const EncoderLayerWeights& layer : weights_.layers) {
    const at::Tensor qkv = layer.queries_keys_values.forward(x);  // [N, 3 H K]
    if (rotary) rotary->turn(qkv);
    const at::Tensor mixed = packed_attention(qkv, qkv, config_.hidden_size, attention);            // [N, H K]
    x = layer.attention_norm.forward(layer.attention_output.forward(mixed).add_(x));                // [N, D]
    x = layer.output_norm.forward(layer.outer.forward(activated(layer.inner.forward(x))).add_(x));  // [N, D]
  }
  return x;
}

}  // namespace phatgoose
