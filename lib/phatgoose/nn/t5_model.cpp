#include "phatgoose/nn/t5_model.h"

#include <ATen/ATen.h>

#include "phatgoose/nn/attention.h"
#include "phatgoose/nn/device.h"
#include "phatgoose/nn/position_bias.h"
#include "phatgoose/nn/t5_stack.h"

namespace phatgoose {
namespace {

/// The runs and the bias of self-attention among whole rows.
AttentionInputs self_inputs(const Packing& packing, const T5Config& config, at::Tensor bias, const Dropout* dropout) {
  return {self_attention_runs(packing), config.num_heads, std::move(bias), dropout};
}

at::Tensor encoder_states(const T5Stacks& stacks, const PackedIds& input, const Pass& pass) {
  const T5Config& config = stacks.weights.config;
  const at::Tensor bias = encoder_position_bias(stacks.encoder.position_table(), input.packing.max_length(),
                                                position_buckets(config));  // [H, S, S]
  return stacks.encoder.forward(input.ids, {pass, self_inputs(input.packing, config, bias, pass.dropout)});
}

}  // namespace

T5Model::T5Model(T5Weights weights) : stacks_(std::make_unique<T5Stacks>(std::move(weights))) {
  for (const auto& group : stacks_->weights.groups) groups_.push_back(group.get());
}
T5Model::~T5Model() = default;
T5Model::T5Model(T5Model&&) noexcept = default;
T5Model& T5Model::operator=(T5Model&&) noexcept = default;

const T5Config& T5Model::config() const { return stacks_->weights.config; }
at::Device T5Model::device() const { return stacks_->weights.embedding().device(); }
at::ScalarType T5Model::dtype() const { return stacks_->weights.embedding().scalar_type(); }

at::Tensor T5Model::encode_states(const PackedIds& input, const Dropout* dropout) const {
  return encoder_states(*stacks_, input, {input.packing, input.rows, dropout});
}

at::Tensor T5Model::encode_base_states(const PackedIds& input) const {
  return encoder_states(*stacks_, input, {.packing = input.packing, .rows = input.rows, .base_alone = true});
}

EncodedRows T5Model::prepare_cross_attention(at::Tensor states, const PackedIds& input) const {
  EncodedRows encoded{std::move(states), input.packing, input.rows, {}};
  const Pass pass{encoded.packing, encoded.rows};
  const T5Stack& decoder = stacks_->decoder;
  for (std::size_t i = 0; i < decoder.depth(); ++i) {
    encoded.cross_keys_values.push_back(decoder.layer(i).cross_keys_values(encoded.states, pass));
  }
  return encoded;
}

EncodedRows T5Model::encode(const PackedIds& input, const Dropout* dropout) const {
  return prepare_cross_attention(encode_states(input, dropout), input);
}

at::Tensor T5Model::decode(const PackedIds& decoder_inputs, const EncodedRows& encoded,
                           std::span<const std::int64_t> source_rows, const Dropout* dropout) const {
  const auto& [ids, packing, known] = decoder_inputs;
  const RowContext rows = known.inheriting(encoded.rows, source_rows);
  const std::optional<Dropout> noise = dropout ? std::optional(dropout->of_rows(source_rows)) : std::nullopt;
  const Dropout* const dropped = noise ? &*noise : nullptr;
  const T5Stack& decoder = stacks_->decoder;
  const at::Tensor bias =
      decoder_position_bias(decoder.position_table(), packing.max_length(), position_buckets(config()));  // [H, T, T]
  const auto cross_runs = cross_attention_runs(packing, encoded.packing, source_rows, dropped == nullptr);
  return decoder.forward(ids, {.pass = {packing, rows, dropped},
                               .self = self_inputs(packing, config(), bias, dropped),
                               .cross = {cross_runs, config().num_heads, {}, dropped},
                               .cross_keys_values = encoded.cross_keys_values});  // [N_tgt, D]
}

const FrozenWeight& T5Model::head() const { return stacks_->weights.head; }

at::Tensor T5Model::logits(const at::Tensor& hidden) const { return head().forward(hidden).to(at::kFloat); }

std::span<LinearGroup* const> T5Model::groups() { return groups_; }
std::span<const LinearGroup* const> T5Model::groups() const { return groups_; }

void T5Model::pack_weights() {
  for (LinearGroup* group : groups_) group->pack_weight();
  if (has_separate_head()) stacks_->weights.head.pack();
  gather_in_huge_pages();
}

void T5Model::remove_adapters() {
  for (LinearGroup* group : groups_) {
    group->set_adapter(nullptr);
    group->set_update({});
  }
  for (std::int64_t i = 0; i < config().num_layers + config().num_decoder_layers; ++i) replace_layer(i, nullptr);
}

void T5Model::replace_layer(std::int64_t number, std::shared_ptr<const Layer> layer) {
  const std::int64_t own = config().num_layers;
  T5Stack& stack = number < own ? stacks_->encoder : stacks_->decoder;
  stack.replace_layer(static_cast<std::size_t>(number < own ? number : number - own), std::move(layer));
}

bool T5Model::has_separate_head() const { return stacks_->weights.separate_head; }

}  // namespace phatgoose
