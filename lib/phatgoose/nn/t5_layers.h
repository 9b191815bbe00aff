// The parts of a T5 model, for code that runs them in another order than T5Model does (cached decoding).
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "phatgoose/nn/linear_group.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

/// Pre-norm self-attention: x + o(attention(q, k, v of norm(x))).
struct SelfAttentionLayer {
  at::Tensor norm;            ///< [D]
  LinearGroup *qkv, *output;  ///< [3 H K, D], [D, H K]
};

struct CrossAttentionLayer {
  at::Tensor norm;                          ///< [D]
  LinearGroup *query, *key_value, *output;  ///< [H K, D], [2 H K, D], [D, H K]
};

struct FeedForwardLayer {
  at::Tensor norm;              ///< [D]
  LinearGroup *inner, *output;  ///< [2 F, D] or [F, D], [D, F]
};

struct EncoderBlock {
  SelfAttentionLayer self_attention;
  FeedForwardLayer feed_forward;
};

struct DecoderBlock {
  SelfAttentionLayer self_attention;
  CrossAttentionLayer cross_attention;
  FeedForwardLayer feed_forward;
};

struct T5Layers {
  T5Config config;
  at::Tensor embedding;  ///< [V, D]
  FrozenWeight head;     ///< [V, D]; the embedding itself unless separate_head
  bool separate_head;
  at::Tensor encoder_bias;                           ///< position table [buckets, H]
  at::Tensor decoder_bias;                           ///< position table [buckets, H]
  at::Tensor encoder_norm, decoder_norm;             ///< final norms [D]
  std::vector<std::unique_ptr<LinearGroup>> groups;  ///< in the order of linear_groups(config)
  std::vector<EncoderBlock> encoder;
  std::vector<DecoderBlock> decoder;
};

/// Places of dropout in the model; each block has kSitesPerBlock of them.
namespace dropout_site {
constexpr std::uint32_t kEncoderInput = 0, kEncoderOutput = 1, kDecoderInput = 2, kDecoderOutput = 3;
constexpr std::uint32_t kFirstBlock = 8, kSitesPerBlock = 8;
constexpr std::uint32_t kSelfWeights = 0, kSelfOutput = 1, kCrossWeights = 2, kCrossOutput = 3, kInner = 4,
                        kFeedForward = 5;
}  // namespace dropout_site

/// x + dropout(wo(activation(wi norm(x)))). `site` is the block's first dropout site.
at::Tensor feed_forward(const FeedForwardLayer& layer, const at::Tensor& x, const T5Config& config, const Pass& pass,
                        std::uint32_t site);  // [N, D]

}  // namespace phatgoose
