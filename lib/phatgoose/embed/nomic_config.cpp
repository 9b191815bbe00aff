#include "phatgoose/embed/nomic_config.h"

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

/// How a spelling names what both have.
struct NomicKeys {
  const char *hidden_size, *intermediate_size, *layers, *heads, *epsilon, *length;
};
constexpr NomicKeys kPublished = {"n_embd", "n_inner", "n_layer", "n_head", "layer_norm_epsilon", "n_positions"};
constexpr NomicKeys kTransformers = {"hidden_size",         "intermediate_size", "num_hidden_layers",
                                     "num_attention_heads", "layer_norm_eps",    "max_position_embeddings"};

EncoderConfig parse_common(const Json& json, const NomicKeys& keys, double default_epsilon) {
  EncoderConfig config;
  config.vocab_size = json_size(json, "vocab_size");
  config.hidden_size = json_size(json, keys.hidden_size);
  config.intermediate_size = json_size(json, keys.intermediate_size);
  config.num_hidden_layers = json_size(json, keys.layers);
  config.num_attention_heads = json_size(json, keys.heads);
  config.layer_norm_eps = json_positive_or(json, keys.epsilon, default_epsilon);
  config.activation = EncoderActivation::silu;
  config.gated = true;
  config.biases = false;
  config.type_vocab_size = json_size(json, "type_vocab_size");
  config.max_length = json_size(json, keys.length);
  config.position_rows = 0;
  config.names = nomic_tensor_names();
  return config;
}

void require_bool(const Json& json, const std::string& key, bool required, bool fallback) {
  const bool found = json_get_or<bool>(json, key, fallback);
  if (found != required) refuse_here(key + (found ? " true" : " false"), required ? "true" : "false");
}

void require_string(const Json& json, const std::string& key, const std::string& required,
                    const std::string& fallback) {
  const auto found = json_get_or<std::string>(json, key, fallback);
  if (found != required) refuse_here(key + " \"" + found + "\"", "\"" + required + "\"");
}

/// What the publisher's code computes besides, and no published text encoder has. Keys that are missing have the
/// defaults of that code.
void check_published(const Json& json) {
  require_string(json, "activation_function", "swiglu", "gelu");
  for (const char* key : {"qkv_proj_bias", "mlp_fc1_bias", "mlp_fc2_bias"}) require_bool(json, key, false, true);
  for (const char* key : {"prenorm", "parallel_block", "causal", "use_rms_norm", "rotary_emb_interleaved",
                          "scale_attn_by_inverse_layer_idx"}) {
    require_bool(json, key, false, false);
  }
  require_bool(json, "scale_attn_weights", true, true);
  const auto fraction = json_get_or<double>(json, "rotary_emb_fraction", 0);
  if (fraction != 1) refuse_here("rotary_emb_fraction " + json.value("rotary_emb_fraction", Json(0)).dump(), "1");
  for (const char* key : {"rotary_emb_scale_base", "moe_every_n_layers"}) {
    const auto found = json_get_or<double>(json, key, 0);
    if (found != 0) refuse_here(std::string(key) + ' ' + json.at(key).dump(), "null");
  }
}

EncoderConfig parse_published(const Json& json) {
  check_published(json);
  EncoderConfig config = parse_common(json, kPublished, 1e-5);
  config.rotary_base = json_positive_or(json, "rotary_emb_base", 10000);
  if (json_get_or<double>(json, "rotary_scaling_factor", 0) != 0) {
    config.unscaled_length = json_size(json, "max_trained_positions");
  }
  return config;
}

EncoderConfig parse_of_transformers(const Json& json) {
  require_string(json, "hidden_act", "silu", "silu");
  EncoderConfig config = parse_common(json, kTransformers, 1e-12);
  const auto head_size = json_get_or<std::int64_t>(json, "head_dim", 0);
  if (head_size != 0 && head_size != config.head_size()) {
    refuse_here("head_dim " + std::to_string(head_size), "hidden_size divided by num_attention_heads");
  }
  const Json rotary = json_get<Json>(json, "rope_parameters");
  if (!rotary.is_object()) refuse_here("rope_parameters " + rotary.dump(), "an object with rope_theta");
  in("rope_parameters", [&] {
    require_string(rotary, "rope_type", "default", "default");
    config.rotary_base = json_positive_or(rotary, "rope_theta", 1000);
  });
  return config;
}

}  // namespace

EncoderConfig parse_nomic(const Json& json) {
  return json.contains("n_embd") ? parse_published(json) : parse_of_transformers(json);
}

}  // namespace phatgoose
