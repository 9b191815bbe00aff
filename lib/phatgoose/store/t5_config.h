// The configuration of a T5 model, as config.json of a Hugging Face directory holds it (METHODS: base model).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

enum class FeedForwardKind { relu, gated_gelu };

struct T5Config {
  std::int64_t vocab_size = 32128;
  std::int64_t d_model = 512;
  std::int64_t d_kv = 64;  ///< head size K
  std::int64_t d_ff = 1024;
  std::int64_t num_layers = 8;
  std::int64_t num_decoder_layers = 8;
  std::int64_t num_heads = 6;
  std::int64_t relative_attention_num_buckets = 32;
  std::int64_t relative_attention_max_distance = 128;
  double dropout_rate = 0.1;
  double layer_norm_epsilon = 1e-6;
  FeedForwardKind feed_forward = FeedForwardKind::gated_gelu;
  bool tie_word_embeddings = true;     ///< as the file says; absent means true
  bool scale_decoder_outputs = false;  ///< resolved: the key, or else tie_word_embeddings
  std::int64_t pad_token_id = 0;
  std::int64_t eos_token_id = 1;
  std::int64_t decoder_start_token_id = 0;

  std::int64_t inner_dim() const { return num_heads * d_kv; }
};

/// Reads and validates; unknown feed_forward_proj, sizes that are not positive and the like are bad_data errors. Keys
/// that are not read are checked too (t5_config_keys.h).
T5Config parse_t5_config(const Json& json, const std::string& where);
T5Config read_t5_config(const fs::path& directory);
/// config.json as `transformers` reads it back. All its versions read the same where tie_word_embeddings and
/// scale_decoder_outputs are equal: up to 4 scales if and only if the embedding is the head too, 5 follows the second
/// key.
Json to_json(const T5Config& config, const std::string& dtype);

/// One linear layer that adapters may adapt.
struct LinearSpec {
  std::string path;  ///< module path, e.g. "encoder.block.0.layer.0.SelfAttention.q"
  std::int64_t in;
  std::int64_t out;
};

/// The linears that read the same input and are computed by one fused GEMM: (q,k,v) · (q) and (k,v) of cross-attention
/// · (wi_0,wi_1) · each of the others alone.
struct LinearGroupSpec {
  std::vector<LinearSpec> linears;  ///< same `in`, in output order
  bool on_encoder_tokens;           ///< whether its tokens are encoder tokens (cross-attention k, v included)
};

/// Every adapted linear of the model in order of computation: encoder blocks, then decoder blocks.
std::vector<LinearGroupSpec> linear_groups(const T5Config& config);
/// The same, flat.
std::vector<LinearSpec> adapted_linears(const T5Config& config);

}  // namespace phatgoose
