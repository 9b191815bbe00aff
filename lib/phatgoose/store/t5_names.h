// Tensors of a T5 checkpoint that may be stored or not.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace phatgoose {

/// Names of the input embedding, of which a checkpoint has at least one; the first that it has counts.
inline constexpr std::array<const char*, 3> kEmbeddingNames = {"shared.weight", "encoder.embed_tokens.weight",
                                                               "decoder.embed_tokens.weight"};
inline constexpr const char* kHeadName = "lm_head.weight";

/// Stored by old releases and never used: cross-attention has no position bias.
inline constexpr const char* kUnusedTable = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

/// Whether `transformers` may tie the tensor of this name to the embedding, so that files store it or leave it out.
inline bool shares_embedding(std::string_view name) {
  return name == kHeadName || std::find(kEmbeddingNames.begin(), kEmbeddingNames.end(), name) != kEmbeddingNames.end();
}

}  // namespace phatgoose
