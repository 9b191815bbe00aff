#include "phatgoose/nn/t5_stack.h"

#include <ATen/ATen.h>

#include <cmath>

#include "phatgoose/nn/norm.h"
#include "phatgoose/nn/residual.h"
#include "phatgoose/store/t5_checkpoint.h"

namespace phatgoose {

T5Stack::T5Stack(const T5Weights& weights, const char* name)
    : embedding_(weights.embedding()),
      position_table_(weights.tensor(position_table_name(name))),
      final_norm_(weights.tensor(final_norm_name(name))),
      epsilon_(weights.config.layer_norm_epsilon) {}

template <typename Kind>
void T5Stack::add_layer(const T5Weights& weights, const char* name, std::int64_t first) {
  using namespace dropout_site;
  const std::string block = std::string(name) + ".block." + std::to_string(layers_.size());
  const auto number = static_cast<std::uint32_t>(first) + static_cast<std::uint32_t>(layers_.size());
  layers_.push_back(std::make_unique<Kind>(weights, block, kFirstLayer + number * kSitesPerLayer));
}

T5Stack T5Stack::encoder(const T5Weights& weights) {
  T5Stack stack(weights, "encoder");
  stack.input_site_ = dropout_site::kEncoderInput;
  stack.output_site_ = dropout_site::kEncoderOutput;
  for (std::int64_t i = 0; i < weights.config.num_layers; ++i) stack.add_layer<EncoderLayer>(weights, "encoder", 0);
  return stack;
}

T5Stack T5Stack::decoder(const T5Weights& weights) {
  T5Stack stack(weights, "decoder");
  stack.input_site_ = dropout_site::kDecoderInput;
  stack.output_site_ = dropout_site::kDecoderOutput;
  const T5Config& config = weights.config;
  if (config.scale_decoder_outputs) stack.output_scale_ = std::pow(static_cast<double>(config.d_model), -0.5);
  for (std::int64_t i = 0; i < config.num_decoder_layers; ++i) {
    stack.add_layer<DecoderLayer>(weights, "decoder", config.num_layers);
  }
  return stack;
}

at::Tensor T5Stack::forward(const at::Tensor& ids, const StackContext& context) const {
  const Pass& pass = context.pass;
  at::Tensor x = with_dropout(at::embedding(embedding_, ids), pass, input_site_);  // [N, D]
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layers_[i]->forward(x, {pass, context.self, &context.cross,
                                context.cross_keys_values.empty() ? nullptr : &context.cross_keys_values[i],
                                context.cache});
  }
  x = with_dropout(rms_norm(x, final_norm_, epsilon_), pass, output_site_);  // [N, D]
  return output_scale_ ? x * *output_scale_ : x;
}

}  // namespace phatgoose
