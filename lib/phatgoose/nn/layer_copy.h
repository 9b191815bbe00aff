// A layer with weights of its own, of the shape of one that a model has.
#pragma once

#include <c10/core/TensorOptions.h>

#include <string>

#include "phatgoose/nn/t5_layers.h"

namespace phatgoose {

class LayerCopy : public Layer {
 public:
  /// `block`: module path of the layer, "encoder.block.0"; `number`: of the copy, which draws dropout noise of its own;
  /// number 0 draws that of the layer itself. The weights are for the caller to fill.
  LayerCopy(const T5Config& config, const std::string& block, std::int64_t number, at::TensorOptions options);

  at::Tensor forward(const at::Tensor& x, const LayerContext& context) const override;
  at::Tensor cross_keys_values(const at::Tensor& states, const Pass& pass) const override;

  /// Norms and linears under their Hugging Face names; the linears are views into fused weights.
  NamedTensors named_parameters() const;
  const T5Weights& weights() const { return weights_; }
  /// As T5Model::pack_weights().
  void pack_weights();

 private:
  T5Weights weights_;  // of this layer only
  std::optional<T5Layer> layer_;
};

/// The module paths of all layers: "encoder.block.0", ..., encoder first, as T5Model::replace_layer() numbers them.
std::vector<std::string> layer_paths(const T5Config& config);

/// How many copies every layer may have: their places of dropout have numbers.
std::int64_t most_copies(const T5Config& config);

}  // namespace phatgoose
