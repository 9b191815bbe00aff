#include "phatgoose/describe/given_texts.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/yaml_reader.h"
#include "phatgoose/describe/description_text.h"

namespace phatgoose {
namespace {

std::map<std::string, std::string> read_texts(const fs::path& file) {
  const YamlReader yaml(file);
  const YAML::Node root = yaml.load();
  if (!root.IsMap()) yaml.refuse(root, "not a mapping", "descriptions: NAME: TEXT");
  std::map<std::string, std::string> texts;
  for (const auto& entry : root) {
    const std::string name = yaml.text(entry.first);
    if (entry.second.IsNull()) yaml.refuse(entry.first, name + " without a text", "NAME: TEXT");
    const std::string found = yaml.text(entry.second);
    const std::string text = in(yaml.place(entry.second), [&] { return checked_description(found); });
    if (!texts.emplace(name, text).second) yaml.refuse(entry.first, "a second text of " + name, "one");
  }
  return texts;
}

}  // namespace

GivenTexts::GivenTexts(const std::string& name, const std::string& text) {
  try {
    texts_[name] = checked_description(text);
  } catch (const Error& error) {
    refuse_usage("--text", error.fault().found, error.fault().expected);
  }
}

GivenTexts::GivenTexts(const fs::path& file, const std::vector<std::string>& names) : texts_(read_texts(file)) {
  std::vector<std::string> known, unused;
  for (const auto& [name, text] : texts_) {
    known.push_back(name);
    if (std::ranges::find(names, name) == names.end()) unused.push_back(name);
  }
  for (const std::string& name : names) {
    if (!texts_.contains(name))
      refuse(file, "no text of " + name, "a line " + name + ": TEXT", did_you_mean(name, known));
  }
  if (!unused.empty()) {
    log_info(fmt::format("{}: not used here: the texts of {}", file.string(), fmt::join(unused, ", ")));
  }
}

std::string GivenTexts::describe(const DescriptionRequest& request) { return texts_.at(request.name); }

DescriptionOrigin GivenTexts::origin(const DescriptionRequest& request) const {
  return {.source = "given", .settings = {{"text", texts_.at(request.name)}}};
}

}  // namespace phatgoose
