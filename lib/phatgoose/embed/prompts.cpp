#include "phatgoose/embed/prompts.h"

#include <map>
#include <vector>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"

namespace phatgoose {
namespace {

using NamedPrompts = std::map<std::string, std::string>;

NamedPrompts parse_named(const Json& json) {
  const auto prompts = json_get_or<Json>(json, "prompts", Json::object());
  if (!prompts.is_object()) refuse_here("prompts " + prompts.dump(), "an object: a prompt for each name");
  NamedPrompts named;
  in("prompts", [&] {
    for (const auto& [name, prompt] : prompts.items()) named[name] = json_get<std::string>(prompts, name);
  });
  return named;
}

std::string default_of(const Json& json, const NamedPrompts& named) {
  const auto name = json_get_or<std::string>(json, "default_prompt_name", "");
  if (name.empty()) return {};
  const auto found = named.find(name);
  if (found == named.end()) refuse_here("default_prompt_name \"" + name + "\"", "the name of one of its prompts");
  return found->second;
}

/// The first that is there.
std::string first_of(const NamedPrompts& named, const std::vector<std::string>& names, const std::string& fallback) {
  for (const std::string& name : names) {
    if (const auto found = named.find(name); found != named.end()) return found->second;
  }
  return fallback;
}

Prompts parse_prompts(const Json& json) {
  if (!json.is_object()) refuse_here("no JSON object", "the settings of a sentence encoder");
  const auto suffix = json_get_or<std::string>(json, "suffix", "");
  if (!suffix.empty()) refuse_here("suffix \"" + suffix + "\"", "none", "only prompts before a text are understood");
  const NamedPrompts named = parse_named(json);
  const std::string plain = default_of(json, named);
  return {.query = first_of(named, {"query"}, plain),
          .document = first_of(named, {"document", "passage", "corpus"}, plain),
          .plain = plain};
}

}  // namespace

const std::string& Prompts::of(TextRole role) const {
  if (role == TextRole::plain) return plain;
  return role == TextRole::query ? query : document;
}

Prompts read_prompts(const fs::path& directory) {
  const fs::path path = directory / "config_sentence_transformers.json";
  return is_file(path) ? read_json(path, parse_prompts) : Prompts();
}

}  // namespace phatgoose
