#include "phatgoose/embed/bert_config.h"

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"

namespace phatgoose {
namespace {

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
  config.vocab_size = json_size(json, "vocab_size");
  config.hidden_size = json_size(json, "hidden_size");
  config.intermediate_size = json_size(json, "intermediate_size");
  config.num_hidden_layers = json_size(json, "num_hidden_layers");
  config.num_attention_heads = json_size(json, "num_attention_heads");
  config.max_position_embeddings = json_size(json, "max_position_embeddings");
  config.type_vocab_size = json_size(json, "type_vocab_size");
  if (config.hidden_size % config.num_attention_heads != 0) {
    refuse_here("hidden_size " + std::to_string(config.hidden_size),
                "a multiple of num_attention_heads, " + std::to_string(config.num_attention_heads));
  }
  config.layer_norm_eps = json_positive_or(json, "layer_norm_eps", 1e-12);
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
