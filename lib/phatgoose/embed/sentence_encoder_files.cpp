#include "phatgoose/embed/sentence_encoder_files.h"

#include <map>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"

namespace phatgoose {
namespace {

constexpr const char* kModules = "a Transformer, a Pooling and possibly a Normalize, in this order";

struct Modules {
  fs::path transformer, pooling;  ///< directories
};

/// "Pooling" of "sentence_transformers.models.Pooling".
std::string class_name(const std::string& type) { return type.substr(type.rfind('.') + 1); }

Modules read_modules(const fs::path& directory) {
  const fs::path path = directory / "modules.json";
  if (!is_file(path)) return {directory, directory / "1_Pooling"};
  const std::string where = path.string();
  const Json list = read_json(where);
  if (!list.is_array()) refuse(where, "no JSON list", kModules);
  std::vector<std::string> names;
  std::vector<fs::path> paths;
  for (const Json& module : list) {
    names.push_back(class_name(json_get<std::string>(module, "type", where)));
    paths.push_back(directory / json_get_or<std::string>(module, "path", "", where));
  }
  const std::vector<std::string> order = {"Transformer", "Pooling", "Normalize"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (i >= order.size() || names[i] != order[i])
      refuse(where, "module " + std::to_string(i) + " is " + names[i], kModules);
  if (names.size() < 2) refuse(where, std::to_string(names.size()) + " modules", kModules);
  return {paths[0], paths[1]};
}

/// The name of the pooling, whichever way the file spells it: a string, or one of several flags.
std::string pooling_name(const Json& json, const std::string& where) {
  if (json.contains("pooling_mode")) return json_get<std::string>(json, "pooling_mode", where);
  const std::string prefix = "pooling_mode_";
  const std::map<std::string, std::string> known = {{"mean_tokens", "mean"}, {"cls_token", "cls"}};
  std::string names;
  for (const auto& [key, value] : json.items()) {
    if (!key.starts_with(prefix) || !json_get<bool>(json, key, where)) continue;
    const std::string mode = key.substr(prefix.size());
    const auto short_name = known.find(mode);
    names += (names.empty() ? "" : "+") + (short_name == known.end() ? mode : short_name->second);
  }
  return names;
}

void read_pooling(const fs::path& path, SentenceEncoderFiles& files) {
  if (!is_file(path)) return;
  const std::string where = path.string();
  const Json json = read_json(where);
  if (!json.is_object()) refuse(where, "no JSON object", "the settings of a pooling");
  const std::string name = pooling_name(json, where);
  if (name != "mean" && name != "cls")
    refuse(where, "pooling \"" + name + "\"",
           "\"mean\" (pooling_mode_mean_tokens) or \"cls\" (pooling_mode_cls_token)");
  files.pooling = name == "mean" ? Pooling::mean : Pooling::first;
  for (const char* key : {"word_embedding_dimension", "embedding_dimension"})
    if (json.contains(key)) files.dimension = json_get<std::int64_t>(json, key, where);
}

void read_length(const fs::path& path, SentenceEncoderFiles& files) {
  if (!is_file(path)) return;
  const std::string where = path.string();
  const Json json = read_json(where);
  const auto length = json_get_or<std::int64_t>(json, "max_seq_length", 0, where);
  if (json.contains("max_seq_length") && !json["max_seq_length"].is_null()) files.max_length = length;
  files.lower_case = json_get_or<bool>(json, "do_lower_case", false, where);
}

void check_prompts(const fs::path& path) {
  if (!is_file(path)) return;
  const auto name = json_get_or<std::string>(read_json(path.string()), "default_prompt_name", "", path.string());
  if (!name.empty()) refuse(path.string(), "default_prompt_name \"" + name + "\"", "an encoder of bare texts");
}

}  // namespace

SentenceEncoderFiles read_sentence_encoder_files(const fs::path& directory) {
  const Modules modules = read_modules(directory);
  SentenceEncoderFiles files;
  files.transformer = modules.transformer;
  read_pooling(modules.pooling / "config.json", files);
  read_length(modules.transformer / "sentence_bert_config.json", files);
  check_prompts(directory / "config_sentence_transformers.json");
  return files;
}

}  // namespace phatgoose
