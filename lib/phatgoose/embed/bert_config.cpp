#include "phatgoose/embed/bert_config.h"

#include <cmath>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

// Far above any real model; keeps every product of two sizes inside 64 bits.
constexpr std::int64_t kMaxSize = 1 << 30;

std::int64_t positive(const Json& json, const char* key, const std::string& where) {
  const auto value = json_get<std::int64_t>(json, key, where);
  if (value < 1 || value > kMaxSize) refuse(where, std::string(key) + " " + std::to_string(value), "1 to 2^30");
  return value;
}

BertActivation parse_activation(const Json& json, const std::string& where) {
  const auto name = json_get_or<std::string>(json, "hidden_act", "gelu", where);
  if (name == "gelu") return BertActivation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return BertActivation::gelu_tanh;
  if (name == "relu") return BertActivation::relu;
  refuse(where, "hidden_act \"" + name + "\"", "\"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\" or \"relu\"");
}

void check_kind(const Json& json, const std::string& where) {
  const auto type = json_get_or<std::string>(json, "model_type", "none", where);
  if (type != "bert")
    refuse(where, "model_type \"" + type + "\"", "\"bert\"", "sentence encoders of other architectures are not read");
  const auto positions = json_get_or<std::string>(json, "position_embedding_type", "absolute", where);
  if (positions != "absolute") refuse(where, "position_embedding_type \"" + positions + "\"", "\"absolute\"");
  for (const char* key : {"is_decoder", "add_cross_attention"})
    if (json_get_or<bool>(json, key, false, where)) refuse(where, std::string(key) + " true", "an encoder");
}

}  // namespace

BertConfig parse_bert_config(const Json& json, const std::string& where) {
  if (!json.is_object()) refuse(where, "no JSON object", "the configuration of a BERT model");
  check_kind(json, where);
  BertConfig config;
  config.vocab_size = positive(json, "vocab_size", where);
  config.hidden_size = positive(json, "hidden_size", where);
  config.intermediate_size = positive(json, "intermediate_size", where);
  config.num_hidden_layers = positive(json, "num_hidden_layers", where);
  config.num_attention_heads = positive(json, "num_attention_heads", where);
  config.max_position_embeddings = positive(json, "max_position_embeddings", where);
  config.type_vocab_size = positive(json, "type_vocab_size", where);
  if (config.hidden_size % config.num_attention_heads != 0) {
    refuse(where, "hidden_size " + std::to_string(config.hidden_size),
           "a multiple of num_attention_heads, " + std::to_string(config.num_attention_heads));
  }
  config.layer_norm_eps = json_get_or<double>(json, "layer_norm_eps", 1e-12, where);
  if (!(config.layer_norm_eps > 0 && std::isfinite(config.layer_norm_eps)))
    refuse(where, "layer_norm_eps " + std::to_string(config.layer_norm_eps), "a positive number");
  config.activation = parse_activation(json, where);
  return config;
}

BertConfig read_bert_config(const fs::path& directory) {
  const fs::path path = directory / "config.json";
  if (!is_file(path)) {
    refuse(directory.string(), fs::is_directory(directory) ? "no config.json" : "no such directory",
           "a sentence-transformers directory of BERT architecture (config.json, weights, vocab.txt)");
  }
  return parse_bert_config(read_json(path.string()), path.string());
}

}  // namespace phatgoose
