#include "phatgoose/nn/t5_stack.h"

#include <ATen/ATen.h>

#include <cmath>

#include "phatgoose/nn/norm.h"
#include "phatgoose/nn/residual.h"
#include "phatgoose/store/t5_checkpoint.h"

namespace phatgoose {

T5Stack::T5Stack(const T5Weights& weights, const std::string& name)
    : embedding_(weights.embedding()),
      position_table_(weights.tensor(position_table_name(name))),
      final_norm_(weights.tensor(final_norm_name(name))),
      epsilon_(weights.config.layer_norm_epsilon) {
  using namespace dropout_site;
  const T5Config& config = weights.config;
  const bool decodes = name == "decoder";
  input_site_ = decodes ? kDecoderInput : kEncoderInput;
  output_site_ = decodes ? kDecoderOutput : kEncoderOutput;
  if (decodes && config.scale_decoder_outputs) {
    output_scale_ = std::pow(static_cast<double>(config.d_model), -0.5);
  }
  const std::int64_t layers = decodes ? config.num_decoder_layers : config.num_layers;
  for (std::int64_t i = 0; i < layers; ++i) {
    const std::int64_t number = decodes ? config.num_layers + i : i;  // encoder layers come first
    layers_.push_back(
        std::make_unique<T5Layer>(weights, name + ".block." + std::to_string(i), decodes, layer_site(number)));
  }
  replacements_.resize(layers_.size());
}

const Layer& T5Stack::layer(std::size_t i, bool base_alone) const {
  return replacements_[i] && !base_alone ? *replacements_[i] : *layers_[i];
}

at::Tensor T5Stack::forward(const at::Tensor& ids, const StackContext& context) const {
  const Pass& pass = context.pass;
  at::Tensor x = with_dropout(at::embedding(embedding_, ids), pass, input_site_);  // [N, D]
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    x = layer(i, pass.base_alone)
            .forward(x, {pass, context.self, &context.cross,
                         context.cross_keys_values.empty() ? nullptr : &context.cross_keys_values[i], context.cache});
  }
  x = with_dropout(rms_norm(x, final_norm_, epsilon_), pass, output_site_);  // [N, D]
  return output_scale_ ? x * *output_scale_ : x;
}

}  // namespace phatgoose
