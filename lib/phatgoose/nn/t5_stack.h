// The encoder or the decoder of a T5 model: embedding, layers, final norm.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "phatgoose/nn/t5_layers.h"

namespace phatgoose {

/// What all layers of a stack share in one pass.
struct StackContext {
  Pass pass;
  AttentionInputs self;                             ///< runs and bias of self-attention
  AttentionInputs cross = {};                       ///< runs of cross-attention; decoder only
  std::span<const at::Tensor> cross_keys_values{};  ///< of every layer; decoder only
  KeyValueCache* cache = nullptr;                   ///< when decoding token by token
};

class T5Stack {
 public:
  /// `name`: "encoder" or "decoder". The decoder's output has, where configured, the D^-0.5 scale: it is ready for the
  /// head.
  T5Stack(const T5Weights& weights, const std::string& name);

  /// [N] ids -> [N, D], after the final norm (and its dropout).
  at::Tensor forward(const at::Tensor& ids, const StackContext& context) const;

  const at::Tensor& position_table() const { return position_table_; }  ///< [buckets, H]
  std::size_t depth() const { return layers_.size(); }
  /// What is in the place of layer `i`; with `base_alone` the stack's own.
  const Layer& layer(std::size_t i, bool base_alone = false) const;
  /// Puts another layer in the place of the stack's own, which is kept; null brings that back.
  void replace_layer(std::size_t i, std::shared_ptr<const Layer> layer) { replacements_[i] = std::move(layer); }

 private:
  at::Tensor embedding_, position_table_, final_norm_;  // [V, D], [buckets, H], [D]
  double epsilon_;
  std::optional<double> output_scale_;
  std::uint32_t input_site_, output_site_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<std::shared_ptr<const Layer>> replacements_;  // null: the layer itself
};

/// A whole model.
struct T5Stacks {
  explicit T5Stacks(T5Weights model_weights)
      : weights(std::move(model_weights)), encoder(weights, "encoder"), decoder(weights, "decoder") {}

  T5Weights weights;
  T5Stack encoder, decoder;
};

}  // namespace phatgoose
