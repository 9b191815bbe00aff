#include "phatgoose/store/t5_config.h"

#include "phatgoose/base/error.h"
#include "phatgoose/store/model_directory.h"
#include "phatgoose/store/t5_config_keys.h"

namespace phatgoose {
namespace {

FeedForwardKind parse_feed_forward(const Json& json) {
  const auto name = json_get_or<std::string>(json, "feed_forward_proj", "relu");
  if (name == "gated-gelu") return FeedForwardKind::gated_gelu;
  if (name == "relu") return FeedForwardKind::relu;
  refuse_here("feed_forward_proj \"" + name + "\"", "\"gated-gelu\" (v1.1) or \"relu\" (v1.0)");
}

void check_model_type(const Json& json) {
  const auto type = json_get_or<std::string>(json, "model_type", "t5");
  if (type != "t5") refuse_here("model_type \"" + type + "\"", "\"t5\"", "the base must be a T5 model");
}

void check_position_buckets(const T5Config& config) {
  const std::int64_t buckets = config.relative_attention_num_buckets;
  if (buckets < 4 || buckets % 2 != 0) {
    refuse_here("relative_attention_num_buckets " + std::to_string(buckets), "an even number, at least 4");
  }
  // Distances up to buckets / 2 are exact in the decoder; the rest is logarithmic up to the maximum.
  if (config.relative_attention_max_distance <= buckets / 2) {
    refuse_here("relative_attention_max_distance " + std::to_string(config.relative_attention_max_distance),
                "more than " + std::to_string(buckets / 2) + ", half of the buckets");
  }
}

std::int64_t parse_token(const Json& json, const char* key, std::int64_t fallback, std::int64_t vocab_size) {
  const auto id = json_get_or<std::int64_t>(json, key, fallback);
  if (id < 0 || id >= vocab_size) {
    refuse_here(std::string(key) + " " + std::to_string(id), "0 to " + std::to_string(vocab_size - 1));
  }
  return id;
}

/// Collects the groups of one model; `in` and `out` as the T5 layers define them.
class GroupLister {
 public:
  explicit GroupLister(const T5Config& config) : config_(config) {}

  void attention(const std::string& module, bool on_encoder_tokens) {
    group(module, {"q", "k", "v"}, config_.d_model, config_.inner_dim(), on_encoder_tokens);
    group(module, {"o"}, config_.inner_dim(), config_.d_model, on_encoder_tokens);
  }

  void cross_attention(const std::string& module) {
    group(module, {"q"}, config_.d_model, config_.inner_dim(), false);
    group(module, {"k", "v"}, config_.d_model, config_.inner_dim(), true);
    group(module, {"o"}, config_.inner_dim(), config_.d_model, false);
  }

  void feed_forward(const std::string& module, bool on_encoder_tokens) {
    if (config_.feed_forward == FeedForwardKind::gated_gelu) {
      group(module, {"wi_0", "wi_1"}, config_.d_model, config_.d_ff, on_encoder_tokens);
    } else {
      group(module, {"wi"}, config_.d_model, config_.d_ff, on_encoder_tokens);
    }
    group(module, {"wo"}, config_.d_ff, config_.d_model, on_encoder_tokens);
  }

  std::vector<LinearGroupSpec> take() { return std::move(groups_); }

 private:
  void group(const std::string& module, const std::vector<std::string>& names, std::int64_t in, std::int64_t out,
             bool on_encoder_tokens) {
    LinearGroupSpec spec{{}, on_encoder_tokens};
    for (const std::string& name : names) spec.linears.push_back({module + "." + name, in, out});
    groups_.push_back(std::move(spec));
  }

  const T5Config& config_;
  std::vector<LinearGroupSpec> groups_;
};

T5Config config_of(const Json& json) {
  if (!json.is_object()) refuse_here(json.dump(), "a JSON object");
  check_model_type(json);
  T5Config config;
  config.vocab_size = json_size(json, "vocab_size");
  config.d_model = json_size(json, "d_model");
  config.d_kv = json_size(json, "d_kv");
  config.d_ff = json_size(json, "d_ff");
  config.num_layers = json_size(json, "num_layers");
  const bool own_depth = json.contains("num_decoder_layers") && !json["num_decoder_layers"].is_null();
  config.num_decoder_layers = own_depth ? json_size(json, "num_decoder_layers") : config.num_layers;
  config.num_heads = json_size(json, "num_heads");
  config.relative_attention_num_buckets = json_get_or<std::int64_t>(json, "relative_attention_num_buckets", 32);
  config.relative_attention_max_distance = json_get_or<std::int64_t>(json, "relative_attention_max_distance", 128);
  check_position_buckets(config);

  config.dropout_rate = json_get_or<double>(json, "dropout_rate", 0.1);
  if (!(config.dropout_rate >= 0 && config.dropout_rate < 1)) {
    refuse_here("dropout_rate " + std::to_string(config.dropout_rate), "0 <= rate < 1");
  }
  config.layer_norm_epsilon = json_positive_or(json, "layer_norm_epsilon", 1e-6);
  config.feed_forward = parse_feed_forward(json);
  config.tie_word_embeddings = json_get_or<bool>(json, "tie_word_embeddings", true);
  config.scale_decoder_outputs = json_get_or<bool>(json, "scale_decoder_outputs", config.tie_word_embeddings);
  config.pad_token_id = parse_token(json, "pad_token_id", 0, config.vocab_size);
  config.eos_token_id = parse_token(json, "eos_token_id", 1, config.vocab_size);
  config.decoder_start_token_id = parse_token(json, "decoder_start_token_id", config.pad_token_id, config.vocab_size);
  return config;
}

}  // namespace

T5Config parse_t5_config(const Json& json, const std::string& where) {
  const T5Config config = in(where, [&] { return config_of(json); });
  check_t5_config_keys(json, config, where);
  return config;
}

T5Config read_t5_config(const fs::path& directory) {
  check_base_directory(directory);
  const fs::path path = directory / "config.json";
  if (!is_file(path)) {
    refuse(directory.string(), "no config.json", "a Hugging Face T5 directory (config.json, weights, spiece.model)");
  }
  return parse_t5_config(read_json(path.string()), path.string());
}

Json to_json(const T5Config& config, const std::string& dtype) {
  Json json;
  json["architectures"] = {"T5ForConditionalGeneration"};
  json["model_type"] = "t5";
  json["is_encoder_decoder"] = true;
  json["vocab_size"] = config.vocab_size;
  json["d_model"] = config.d_model;
  json["d_kv"] = config.d_kv;
  json["d_ff"] = config.d_ff;
  json["num_layers"] = config.num_layers;
  json["num_decoder_layers"] = config.num_decoder_layers;
  json["num_heads"] = config.num_heads;
  json["relative_attention_num_buckets"] = config.relative_attention_num_buckets;
  json["relative_attention_max_distance"] = config.relative_attention_max_distance;
  json["dropout_rate"] = config.dropout_rate;
  json["layer_norm_epsilon"] = config.layer_norm_epsilon;
  json["feed_forward_proj"] = config.feed_forward == FeedForwardKind::gated_gelu ? "gated-gelu" : "relu";
  json["tie_word_embeddings"] = config.tie_word_embeddings;
  json["scale_decoder_outputs"] = config.scale_decoder_outputs;
  json["pad_token_id"] = config.pad_token_id;
  json["eos_token_id"] = config.eos_token_id;
  json["decoder_start_token_id"] = config.decoder_start_token_id;
  json["initializer_factor"] = 1.0;
  json["use_cache"] = true;
  json["torch_dtype"] = dtype;
  return json;
}

std::vector<LinearGroupSpec> linear_groups(const T5Config& config) {
  GroupLister lister(config);
  for (std::int64_t i = 0; i < config.num_layers; ++i) {
    const std::string block = "encoder.block." + std::to_string(i) + ".layer.";
    lister.attention(block + "0.SelfAttention", true);
    lister.feed_forward(block + "1.DenseReluDense", true);
  }
  for (std::int64_t i = 0; i < config.num_decoder_layers; ++i) {
    const std::string block = "decoder.block." + std::to_string(i) + ".layer.";
    lister.attention(block + "0.SelfAttention", false);
    lister.cross_attention(block + "1.EncDecAttention");
    lister.feed_forward(block + "2.DenseReluDense", false);
  }
  return lister.take();
}

std::vector<LinearSpec> adapted_linears(const T5Config& config) {
  std::vector<LinearSpec> linears;
  for (const LinearGroupSpec& group : linear_groups(config)) {
    linears.insert(linears.end(), group.linears.begin(), group.linears.end());
  }
  return linears;
}

}  // namespace phatgoose
