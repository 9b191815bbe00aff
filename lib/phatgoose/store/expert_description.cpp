#include "phatgoose/store/expert_description.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/shell.h"

namespace phatgoose {
namespace {

const std::vector<std::string> kExpertDescriptionKeys = {"text",  "source",   "prompt",   "examples",
                                                         "model", "settings", "made_from"};

ExpertDescription parse_expert_description(const Json& json) {
  if (!json.is_object())
    refuse_here(std::string("a JSON ") + json.type_name(), "an object with \"text\" and \"source\"");
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::find(kExpertDescriptionKeys, key) != kExpertDescriptionKeys.end()) continue;
    refuse_here("the key \"" + key + "\"", fmt::format("some of {}", fmt::join(kExpertDescriptionKeys, ", ")),
                did_you_mean(key, kExpertDescriptionKeys));
  }
  ExpertDescription description{.text = json_get<std::string>(json, "text"),
                                .source = json_get<std::string>(json, "source")};
  if (description.text.find_first_not_of(" \t\r\n") == std::string::npos) refuse_here("an empty \"text\"", "text");
  description.prompt = json_get_or<std::string>(json, "prompt", "");
  description.examples = json_get_or<std::vector<std::string>>(json, "examples", {});
  description.model = json_get_or<std::string>(json, "model", "");
  description.settings = json_get_or<Json>(json, "settings", Json::object());
  description.made_from = json_get_or<Json>(json, "made_from", Json::object());
  return description;
}

}  // namespace

std::optional<ExpertDescription> read_description(const fs::path& expert) {
  const fs::path file = expert / kDescriptionFile;
  if (!is_file(file)) return std::nullopt;
  try {
    return read_json(file, parse_expert_description);
  } catch (const Error& error) {
    refuse(error.fault().where, error.fault().found, error.fault().expected,
           error.fault().hint.empty() ? "describe it anew: rm " + shell_word(file.string()) : error.fault().hint);
  }
}

void write_description(const fs::path& expert, const ExpertDescription& description) {
  Json json{{"text", description.text}, {"source", description.source}};
  if (!description.prompt.empty()) json["prompt"] = description.prompt;
  if (!description.examples.empty()) json["examples"] = description.examples;
  if (!description.model.empty()) json["model"] = description.model;
  if (!description.settings.empty()) json["settings"] = description.settings;
  json["made_from"] = description.made_from;
  write_file(expert / kDescriptionFile, json.dump(2) + "\n");
}

}  // namespace phatgoose
