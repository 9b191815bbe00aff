// The layers of T5's stacks (METHODS: base model). One forward serves whole rows and decoding token by token.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/nn/attention.h"
#include "phatgoose/nn/key_value_cache.h"
#include "phatgoose/nn/t5_weights.h"

namespace phatgoose {

/// Places of dropout in the model; each layer has kSitesPerLayer of them, encoder layers first.
namespace dropout_site {
constexpr std::uint32_t kEncoderInput = 0, kEncoderOutput = 1, kDecoderInput = 2, kDecoderOutput = 3;
constexpr std::uint32_t kFirstLayer = 8, kSitesPerLayer = 8;
constexpr std::uint32_t kSelfWeights = 0, kSelfOutput = 1, kCrossWeights = 2, kCrossOutput = 3, kInner = 4,
                        kFeedForward = 5;
}  // namespace dropout_site

/// The first place of dropout of layer `number`; the layers of a model come first, then those of copies of them.
inline std::uint32_t layer_site(std::int64_t number) {
  return dropout_site::kFirstLayer + static_cast<std::uint32_t>(number) * dropout_site::kSitesPerLayer;
}

/// What a layer is given besides its input.
struct LayerContext {
  const Pass& pass;
  const AttentionInputs& self;              ///< runs and bias of self-attention
  const AttentionInputs* cross = nullptr;   ///< runs of cross-attention; null in the encoder
  const at::Tensor* keys_values = nullptr;  ///< what this layer's cross_keys_values() gave; null in the encoder
  KeyValueCache* cache = nullptr;           ///< of the stack, when decoding token by token
  const CachedRows* cached_rows = nullptr;  ///< the rows of the cache that these are; null: all
};

/// One layer of a stack.
class Layer {
 public:
  virtual ~Layer() = default;

  virtual at::Tensor forward(const at::Tensor& x, const LayerContext& context) const = 0;  // [N, D] -> [N, D]

  /// What LayerContext::keys_values is to be for the encoder's states, which all decoding shares: keys and values of
  /// cross-attention; of decoder layers only.
  virtual at::Tensor cross_keys_values(const at::Tensor& states,
                                       const Pass& pass) const = 0;  // [N_src, D] -> [..., N_src, 2 H K]
};

/// Pre-norm self-attention: x + dropout(o(attention(q, k, v of norm(x)))).
class SelfAttention {
 public:
  /// `module`: "encoder.block.0.layer.0"; `site`: the layer's first place of dropout.
  SelfAttention(const T5Weights& weights, const std::string& module, std::uint32_t site);
  at::Tensor forward(const at::Tensor& x, const LayerContext& context) const;  // [N, D]

 private:
  at::Tensor norm_;  // [D]
  double epsilon_;
  const LinearGroup &qkv_, &output_;  // [3 H K, D], [D, H K]
  std::uint32_t site_;
};

/// The same with keys and values of the encoder's states.
class CrossAttention {
 public:
  CrossAttention(const T5Weights& weights, const std::string& module, std::uint32_t site);
  at::Tensor forward(const at::Tensor& x, const LayerContext& context) const;  // [N, D]
  at::Tensor keys_values(const at::Tensor& states, const Pass& pass) const;    // [N_src, 2 H K]

 private:
  at::Tensor norm_;  // [D]
  double epsilon_;
  const LinearGroup &query_, &key_value_, &output_;  // [H K, D], [2 H K, D], [D, H K]
  std::uint32_t site_;
};

/// x + dropout(wo(dropout(activation(wi norm(x))))).
class FeedForward {
 public:
  FeedForward(const T5Weights& weights, const std::string& module, std::uint32_t site);
  at::Tensor forward(const at::Tensor& x, const Pass& pass) const;  // [N, D]

 private:
  at::Tensor norm_;  // [D]
  double epsilon_;
  FeedForwardKind kind_;
  const LinearGroup &inner_, &output_;  // [2 F, D] or [F, D], [D, F]
  std::uint32_t site_;
};

/// A layer of the encoder, or of the decoder: then with cross-attention.
class T5Layer : public Layer {
 public:
  /// `block`: "encoder.block.0"; `site`: the layer's first place of dropout.
  T5Layer(const T5Weights& weights, const std::string& block, bool decodes, std::uint32_t site);
  at::Tensor forward(const at::Tensor& x, const LayerContext& context) const override;
  at::Tensor cross_keys_values(const at::Tensor& states, const Pass& pass) const override;

 private:
  SelfAttention self_attention_;
  std::optional<CrossAttention> cross_attention_;
  FeedForward feed_forward_;
};

}  // namespace phatgoose
