#include "phatgoose/nn/t5_model.h"

#include <ATen/ATen.h>

#include <limits>

#include "phatgoose/base/error.h"
#include "phatgoose/nn/attention.h"
#include "phatgoose/nn/device.h"
#include "phatgoose/nn/norm.h"
#include "phatgoose/nn/position_bias.h"
#include "phatgoose/nn/residual.h"
#include "phatgoose/nn/t5_layers.h"

namespace phatgoose {
namespace {

using namespace dropout_site;

/// One stack's pass over its tokens: what all its layers share.
struct StackPass {
  Pass pass;
  AttentionInputs self;   // runs and bias of self-attention
  AttentionInputs cross;  // runs of cross-attention (decoder only)
};

at::Tensor self_attention(const SelfAttentionLayer& layer, const at::Tensor& x, const T5Config& config,
                          StackPass& stack, std::uint32_t site) {
  const at::Tensor normed = rms_norm(x, layer.norm, config.layer_norm_epsilon);  // [N, D]
  const at::Tensor qkv = layer.qkv->forward(normed, stack.pass);                 // [N, 3 H K]
  stack.self.site = site + kSelfWeights;
  const at::Tensor mixed = packed_attention(qkv, qkv, config.inner_dim(), stack.self);               // [N, H K]
  return add_residual(x, layer.output->forward(mixed, stack.pass), stack.pass, site + kSelfOutput);  // [N, D]
}

at::Tensor cross_attention(const CrossAttentionLayer& layer, const at::Tensor& x, const at::Tensor& keys_values,
                           const T5Config& config, StackPass& stack, std::uint32_t site) {
  const at::Tensor normed = rms_norm(x, layer.norm, config.layer_norm_epsilon);  // [N_tgt, D]
  const at::Tensor query = layer.query->forward(normed, stack.pass);             // [N_tgt, H K]
  stack.cross.site = site + kCrossWeights;
  const at::Tensor mixed = packed_attention(query, keys_values, 0, stack.cross);                      // [N_tgt, H K]
  return add_residual(x, layer.output->forward(mixed, stack.pass), stack.pass, site + kCrossOutput);  // [N_tgt, D]
}

std::uint32_t block_site(std::size_t block) { return kFirstBlock + static_cast<std::uint32_t>(block) * kSitesPerBlock; }

at::Tensor embed(const T5Layers& layers, const PackedIds& input, const Pass& pass, std::uint32_t site) {
  return with_dropout(at::embedding(layers.embedding, input.ids), pass, site);  // [N, D]
}

at::Tensor final_norm(const at::Tensor& x, const at::Tensor& norm, const T5Config& config, const Pass& pass,
                      std::uint32_t site) {
  return with_dropout(rms_norm(x, norm, config.layer_norm_epsilon), pass, site);  // [N, D]
}

}  // namespace

T5Model::T5Model(std::unique_ptr<T5Layers> layers) : layers_(std::move(layers)) {}
T5Model::~T5Model() = default;
T5Model::T5Model(T5Model&&) noexcept = default;
T5Model& T5Model::operator=(T5Model&&) noexcept = default;

const T5Config& T5Model::config() const { return layers_->config; }
at::Device T5Model::device() const { return layers_->embedding.device(); }
at::ScalarType T5Model::dtype() const { return layers_->embedding.scalar_type(); }

at::Tensor T5Model::encode_states(const PackedIds& input, const Dropout* dropout) const {
  const T5Config& model = config();
  StackPass stack{{input.packing, dropout}, {}, {}};
  const at::Tensor bias = encoder_position_bias(layers_->encoder_bias, input.packing.max_length(), model);  // [H, S, S]
  stack.self = {self_attention_runs(input.packing), model.num_heads, bias, dropout};
  at::Tensor x = embed(*layers_, input, stack.pass, kEncoderInput);  // [N_src, D]
  for (std::size_t i = 0; i < layers_->encoder.size(); ++i) {
    const EncoderBlock& block = layers_->encoder[i];
    x = self_attention(block.self_attention, x, model, stack, block_site(i));
    x = feed_forward(block.feed_forward, x, model, stack.pass, block_site(i));
  }
  return final_norm(x, layers_->encoder_norm, model, stack.pass, kEncoderOutput);
}

EncodedRows T5Model::prepare_cross_attention(at::Tensor states, Packing packing) const {
  EncodedRows encoded{std::move(states), std::move(packing), {}};
  const Pass pass{encoded.packing};
  for (const DecoderBlock& block : layers_->decoder)
    encoded.cross_keys_values.push_back(block.cross_attention.key_value->forward(encoded.states, pass));
  return encoded;
}

EncodedRows T5Model::encode(const PackedIds& input, const Dropout* dropout) const {
  return prepare_cross_attention(encode_states(input, dropout), input.packing);
}

at::Tensor T5Model::decode(const PackedIds& decoder_inputs, const EncodedRows& encoded,
                           std::span<const std::int64_t> source_rows, const Dropout* dropout) const {
  const T5Config& model = config();
  Packing packing = decoder_inputs.packing;
  packing.inherit_row_scores(encoded.packing, source_rows);
  StackPass stack{{packing, dropout}, {}, {}};
  const at::Tensor bias = decoder_position_bias(layers_->decoder_bias, packing.max_length(), model);  // [H, T, T]
  stack.self = {self_attention_runs(packing), model.num_heads, bias, dropout};
  stack.cross = {
      cross_attention_runs(packing, encoded.packing, source_rows, dropout == nullptr), model.num_heads, {}, dropout};
  at::Tensor x = embed(*layers_, decoder_inputs, stack.pass, kDecoderInput);  // [N_tgt, D]
  for (std::size_t i = 0; i < layers_->decoder.size(); ++i) {
    const DecoderBlock& block = layers_->decoder[i];
    const std::uint32_t site = block_site(layers_->encoder.size() + i);
    x = self_attention(block.self_attention, x, model, stack, site);
    x = cross_attention(block.cross_attention, x, encoded.cross_keys_values[i], model, stack, site);
    x = feed_forward(block.feed_forward, x, model, stack.pass, site);
  }
  x = final_norm(x, layers_->decoder_norm, model, stack.pass, kDecoderOutput);
  return model.scale_decoder_outputs ? x * std::pow(static_cast<double>(model.d_model), -0.5) : x;  // [N_tgt, D]
}

const FrozenWeight& T5Model::head() const { return layers_->head; }

at::Tensor T5Model::logits(const at::Tensor& hidden) const { return head().forward(hidden).to(at::kFloat); }

std::span<const std::unique_ptr<LinearGroup>> T5Model::groups() const { return layers_->groups; }

void T5Model::pack_weights() {
  for (const auto& group : layers_->groups) group->pack_weight();
  if (layers_->separate_head) layers_->head.pack();
  gather_in_huge_pages();
}

void T5Model::remove_adapters() {
  for (const auto& group : layers_->groups) {
    group->set_adapter(nullptr);
    group->set_update({});
  }
}

bool T5Model::has_separate_head() const { return layers_->separate_head; }

}  // namespace phatgoose
