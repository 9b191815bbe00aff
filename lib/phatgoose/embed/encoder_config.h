// What the transformer of a sentence encoder computes, as config.json of a Hugging Face directory says it: a stack of
// post-norm layers, whose families differ in positions, feed-forward, biases and the names of their tensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/base/files.h"
#include "phatgoose/embed/encoder_tensor_names.h"
#include "phatgoose/nn/position_buckets.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

enum class EncoderActivation { gelu, gelu_tanh, relu, silu };

struct EncoderConfig {
  std::string model_type = "bert";
  std::int64_t vocab_size = 30522;        ///< V
  std::int64_t hidden_size = 384;         ///< D
  std::int64_t intermediate_size = 1536;  ///< F
  std::int64_t num_hidden_layers = 6;
  std::int64_t num_attention_heads = 12;  ///< H
  double layer_norm_eps = 1e-12;
  EncoderActivation activation = EncoderActivation::gelu;
  bool gated = false;                ///< the feed-forward is activated gate states times linear ones
  bool biases = true;                ///< of the linears
  std::int64_t type_vocab_size = 2;  ///< every text is of type 0; 0: there are no types
  std::int64_t max_length = 512;     ///< tokens of a text
  std::int64_t position_rows = 512;  ///< of the table of learned positions; 0: there is none, nor a longest text
  std::optional<TokenId> padding;    ///< learned positions begin after this id; padding in a text stays on its row
  std::optional<PositionBuckets> position_buckets;  ///< of a bias by distance that the layers share
  std::optional<double> rotary_base;                ///< of rotary positions (embed/rotary_positions.h)
  /// Longer texts would need rotary frequencies that are scaled, which is not computed: they are cut.
  std::optional<std::int64_t> unscaled_length;
  EncoderTensorNames names;

  std::int64_t head_size() const { return hidden_size / num_attention_heads; }  ///< K
};

/// Reads and validates a BERT, an MPNet or a NomicBERT. What is not computed (other model types, decoders, unknown
/// activations and positions) and sizes that make no sense are bad_data that names the key.
EncoderConfig read_encoder_config(const fs::path& directory);

}  // namespace phatgoose
