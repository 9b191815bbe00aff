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

Modules modules_in(const Json& list, const fs::path& directory) {
  if (!list.is_array()) refuse_here("no JSON list", kModules);
  std::vector<std::string> names;
  std::vector<fs::path> paths;
  for (const Json& module : list) {
    names.push_back(class_name(json_get<std::string>(module, "type")));
    paths.push_back(directory / json_get_or<std::string>(module, "path", ""));
  }
  const std::vector<std::string> order = {"Transformer", "Pooling", "Normalize"};
  for (std::size_t i = 0; i < names.size(); ++i)
    if (i >= order.size() || names[i] != order[i])
      refuse_here("module " + std::to_string(i) + " is " + names[i], kModules);
  if (names.size() < 2) refuse_here(std::to_string(names.size()) + " modules", kModules);
  return {paths[0], paths[1]};
}

/// The name of the pooling, whichever way the file spells it: a string, or one of several flags.
std::string pooling_name(const Json& json) {
  if (json.contains("pooling_mode")) return json_get<std::string>(json, "pooling_mode");
  const std::string prefix = "pooling_mode_";
  const std::map<std::string, std::string> known = {{"mean_tokens", "mean"}, {"cls_token", "cls"}};
  std::string names;
  for (const auto& [key, value] : json.items()) {
    if (!key.starts_with(prefix) || !json_get<bool>(json, key)) continue;
    const std::string mode = key.substr(prefix.size());
    const auto short_name = known.find(mode);
    names += (names.empty() ? "" : "+") + (short_name == known.end() ? mode : short_name->second);
  }
  return names;
}

void read_pooling(const Json& json, SentenceEncoderFiles& files) {
  if (!json.is_object()) refuse_here("no JSON object", "the settings of a pooling");
  const std::string name = pooling_name(json);
  if (name != "mean" && name != "cls")
    refuse_here("pooling \"" + name + "\"", "\"mean\" (pooling_mode_mean_tokens) or \"cls\" (pooling_mode_cls_token)");
  files.pooling = name == "mean" ? Pooling::mean : Pooling::first;
  for (const char* key : {"word_embedding_dimension", "embedding_dimension"})
    if (json.contains(key)) files.dimension = json_get<std::int64_t>(json, key);
  if (files.prompts.any() && !json_get_or<bool>(json, "include_prompt", true)) {
    refuse_here("include_prompt false", "true", "the pieces of a prompt are pooled like those of the text");
  }
}

void read_length(const Json& json, SentenceEncoderFiles& files) {
  const auto length = json_get_or<std::int64_t>(json, "max_seq_length", 0);
  if (json.contains("max_seq_length") && !json["max_seq_length"].is_null()) files.max_length = length;
  files.lower_case = json_get_or<bool>(json, "do_lower_case", false);
}

}  // namespace

SentenceEncoderFiles read_sentence_encoder_files(const fs::path& directory) {
  const auto read_if_there = [](const fs::path& path, auto take) {
    if (is_file(path)) read_json(path, take);
  };
  Modules modules{directory, directory / "1_Pooling"};
  read_if_there(directory / "modules.json", [&](const Json& list) { modules = modules_in(list, directory); });
  SentenceEncoderFiles files;
  files.transformer = modules.transformer;
  files.prompts = read_prompts(directory);
  read_if_there(modules.pooling / "config.json", [&](const Json& json) { read_pooling(json, files); });
  read_if_there(modules.transformer / "sentence_bert_config.json", [&](const Json& json) { read_length(json, files); });
  return files;
}

}  // namespace phatgoose
