#include "phatgoose/embed/bert_config.h"

#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"

namespace phatgoose {
namespace {

// Far above any real model; keeps every product of two sizes inside 64 bits.
constexpr std::int64_t kMaxSize = 1 << 30;

std::int64_t positive(const Json& json, const char* key) {
  const auto value = json_get<std::int64_t>(json, key);
  if (value < 1 || value > kMaxSize) refuse_here(std::string(key) + " " + std::to_string(value), "1 to 2^30");
  return value;
}

BertActivation parse_activation(const Json& json) {
  const auto name = json_get_or<std::string>(json, "hidden_act", "gelu");
  if (name == "gelu") return BertActivation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return BertActivation::gelu_tanh;
  if (name == "relu") return BertActivation::relu;
  refuse_here("hidden_act \"" + name + "\"", "\"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\" or \"relu\"");
}

void check_kind(const Json& json) {
  const auto type = json_get_or<std::string>(json, "model_type", "none");
  if (type != "bert")
    refuse_here("model_type \"" + type + "\"", "\"bert\"", "sentence encoders of other architectures are not read");
  const auto positions = json_get_or<std::string>(json, "position_embedding_type", "absolute");
  if (positions != "absolute") refuse_here("position_embedding_type \"" + positions + "\"", "\"absolute\"");
  for (const char* key : {"is_decoder", "add_cross_attention"})
    if (json_get_or<bool>(json, key, false)) refuse_here(std::string(key) + " true", "an encoder");
}

BertConfig parse_bert_config(const Json& json) {
  if (!json.is_object()) refuse_here("no JSON object", "the configuration of a BERT model");
  check_kind(json);
  BertConfig config;
  config.vocab_size = positive(json, "vocab_size");
  config.hidden_size = positive(json, "hidden_size");
  config.intermediate_size = positive(json, "intermediate_size");
  config.num_hidden_layers = positive(json, "num_hidden_layers");
  config.num_attention_heads = positive(json, "num_attention_heads");
  config.max_position_embeddings = positive(json, "max_position_embeddings");
  config.type_vocab_size = positive(json, "type_vocab_size");
  if (config.hidden_size % config.num_attention_heads != 0) {
    refuse_here("hidden_size " + std::to_string(config.hidden_size),
                "a multiple of num_attention_heads, " + std::to_string(config.num_attention_heads));
  }
  config.layer_norm_eps = json_get_or<double>(json, "layer_norm_eps", 1e-12);
  if (!(config.layer_norm_eps > 0 && std::isfinite(config.layer_norm_eps)))
    refuse_here("layer_norm_eps " + std::to_string(config.layer_norm_eps), "a positive number");
  config.activation = parse_activation(json);
  return config;
}

}  // namespace

BertConfig read_bert_config(const fs::path& directory) {
  const fs::path path = directory / "config.json";
  if (!is_file(path)) {
    refuse(directory.string(), fs::is_directory(directory) ? "no config.json" : "no such directory",
           "a sentence-transformers directory of BERT architecture (config.json, weights, vocab.txt)");
  }
  return read_json(path, parse_bert_config);
}

}  // namespace phatgoose
