#include "phatgoose/embed/encoder_config.h"

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/embed/nomic_config.h"

namespace phatgoose {
namespace {

EncoderActivation parse_activation(const Json& json) {
  const auto name = json_get_or<std::string>(json, "hidden_act", "gelu");
  if (name == "gelu") return EncoderActivation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return EncoderActivation::gelu_tanh;
  if (name == "relu") return EncoderActivation::relu;
  refuse_here("hidden_act \"" + name + "\"", "\"gelu\", \"gelu_new\", \"gelu_pytorch_tanh\" or \"relu\"");
}

/// What BERT and MPNet have in common.
EncoderConfig parse_learned_positions(const Json& json) {
  EncoderConfig config;
  config.vocab_size = json_size(json, "vocab_size");
  config.hidden_size = json_size(json, "hidden_size");
  config.intermediate_size = json_size(json, "intermediate_size");
  config.num_hidden_layers = json_size(json, "num_hidden_layers");
  config.num_attention_heads = json_size(json, "num_attention_heads");
  config.layer_norm_eps = json_positive_or(json, "layer_norm_eps", 1e-12);
  config.activation = parse_activation(json);
  config.position_rows = config.max_length = json_size(json, "max_position_embeddings");
  return config;
}

EncoderConfig parse_bert(const Json& json) {
  const auto positions = json_get_or<std::string>(json, "position_embedding_type", "absolute");
  if (positions != "absolute") refuse_here("position_embedding_type \"" + positions + "\"", "\"absolute\"");
  EncoderConfig config = parse_learned_positions(json);
  config.type_vocab_size = json_size(json, "type_vocab_size");
  config.names = bert_tensor_names();
  return config;
}

EncoderConfig parse_mpnet(const Json& json) {
  // The reference knows no others, whatever config.json says.
  constexpr PositionBuckets kBuckets = {32, 128};
  constexpr TokenId kPadding = 1;
  const auto require = [&](const std::string& key, std::int64_t known) {
    const auto found = json_get_or<std::int64_t>(json, key, known);
    if (found != known) refuse_here(key + ' ' + std::to_string(found), std::to_string(known));
  };
  require("relative_attention_num_buckets", kBuckets.count);
  require("pad_token_id", kPadding);
  EncoderConfig config = parse_learned_positions(json);
  config.padding = kPadding;
  config.max_length -= kPadding + 1;
  config.type_vocab_size = 0;
  config.position_buckets = kBuckets;
  config.names = mpnet_tensor_names();
  return config;
}

EncoderConfig parse_family(const Json& json) {
  const auto type = json_get_or<std::string>(json, "model_type", "none");
  if (type == "bert") return parse_bert(json);
  if (type == "mpnet") return parse_mpnet(json);
  if (type == "nomic_bert") return parse_nomic(json);
  refuse_here("model_type \"" + type + "\"", "\"bert\", \"mpnet\" or \"nomic_bert\"",
              "sentence encoders of other architectures are not read");
}

EncoderConfig parse_encoder_config(const Json& json) {
  if (!json.is_object()) refuse_here("no JSON object", "the configuration of a text encoder");
  for (const char* key : {"is_decoder", "add_cross_attention"})
    if (json_get_or<bool>(json, key, false)) refuse_here(std::string(key) + " true", "an encoder");
  EncoderConfig config = parse_family(json);
  config.model_type = json_get<std::string>(json, "model_type");
  if (config.hidden_size % config.num_attention_heads != 0) {
    refuse_here("a hidden size of " + std::to_string(config.hidden_size),
                "a multiple of the number of attention heads, " + std::to_string(config.num_attention_heads));
  }
  if (config.rotary_base && config.head_size() % 2 != 0) {
    refuse_here("attention heads of size " + std::to_string(config.head_size()), "an even size, for rotary positions");
  }
  return config;
}

}  // namespace

EncoderConfig read_encoder_config(const fs::path& directory) {
  const fs::path path = directory / "config.json";
  if (!is_file(path)) {
    refuse(directory.string(), fs::is_directory(directory) ? "no config.json" : "no such directory",
           "a sentence-transformers directory of BERT, MPNet or NomicBERT (config.json, weights, vocab.txt)");
  }
  return read_json(path, parse_encoder_config);
}

}  // namespace phatgoose
