// The configuration of a BERT encoder, as config.json of a Hugging Face directory holds it.
#pragma once

#include <cstdint>

#include "phatgoose/base/files.h"

namespace phatgoose {

enum class BertActivation { gelu, gelu_tanh, relu };

struct BertConfig {
  std::int64_t vocab_size = 30522;        ///< V
  std::int64_t hidden_size = 384;         ///< D
  std::int64_t intermediate_size = 1536;  ///< F
  std::int64_t num_hidden_layers = 6;
  std::int64_t num_attention_heads = 12;  ///< H
  std::int64_t max_position_embeddings = 512;
  std::int64_t type_vocab_size = 2;
  double layer_norm_eps = 1e-12;
  BertActivation activation = BertActivation::gelu;

  std::int64_t head_size() const { return hidden_size / num_attention_heads; }  ///< K
};

/// Reads and validates; what our BERT does not compute (other model types, relative positions, decoders, unknown
/// activations) and sizes that make no sense are bad_data.
BertConfig read_bert_config(const fs::path& directory);

}  // namespace phatgoose
