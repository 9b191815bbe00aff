#include "phatgoose/base/options_yaml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/option_values.h"

namespace phatgoose {
namespace {

/// ":LINE", behind the name of the file.
std::string place(const YAML::Mark& mark) { return mark.line < 0 ? "" : fmt::format(":{}", mark.line + 1); }
std::string place(const YAML::Node& node) { return place(node.Mark()); }

/// Parses text that must hold one mapping, or nothing.
YAML::Node load_mapping(const std::string& text) {
  std::vector<YAML::Node> documents;
  try {
    documents = YAML::LoadAll(text);
  } catch (const YAML::Exception& error) {
    refuse_usage(place(error.mark), error.msg, "YAML");
  }
  if (documents.empty() || (documents.size() == 1 && documents[0].IsNull())) return YAML::Node(YAML::NodeType::Map);
  if (documents.size() > 1) refuse_usage(place(documents[1]), "a second document", "a single one");
  if (!documents[0].IsMap()) refuse_usage(place(documents[0]), "not a mapping", "lines of the form \"option: value\"");
  return documents[0];
}

/// Plain scalars have the tag "?", quoted ones "!".
bool is_quoted(const YAML::Node& node) { return node.Tag() != "?"; }

/// The text of one value. Quotes make a value text, which numbers and booleans are not.
std::string scalar_text(const Option& option, const YAML::Node& node) {
  if (!node.IsScalar()) refuse_usage(place(node), "a list or mapping for " + option.name, expectation(option));
  if (is_quoted(node) && !is_text(option)) {
    refuse_usage(place(node), fmt::format("the text \"{}\" for {}", node.Scalar(), option.name), expectation(option),
                 "write it without quotes");
  }
  return node.Scalar();
}

void apply_value(const Option& option, const YAML::Node& value) {
  std::vector<std::string> texts;
  if (value.IsSequence() && is_list(option)) {
    for (const YAML::Node& element : value) texts.push_back(scalar_text(option, element));
  } else if (!value.IsNull()) {
    texts = {scalar_text(option, value)};
  }
  in(place(value), [&] { value.IsNull() ? assign_nothing(option) : assign_texts(option, texts); });
}

/// Calls `visit(key, key_node, value_node)` for every member, refusing keys that are no words or come twice.
template <typename Visit>
void for_each_member(const YAML::Node& mapping, Visit visit) {
  std::set<std::string> seen;
  for (const auto& member : mapping) {
    if (!member.first.IsScalar())
      refuse_usage(place(member.first), "a key that is not plain text", "the name of an option");
    const std::string& key = member.first.Scalar();
    if (!seen.insert(key).second) refuse_usage(place(member.first), "duplicate key \"" + key + "\"", "every key once");
    visit(key, member.first, member.second);
  }
}

/// Applies settings of the set's command. Names of commands count as near misses of option names: of a lone section.
void apply_mapping(const OptionSet& set, const YAML::Node& mapping) {
  std::vector<std::string> names;
  for (const Option& option : set.options()) names.push_back(option.name);
  for_each_member(mapping, [&](const std::string& key, const YAML::Node& key_node, const YAML::Node& value) {
    const auto name = std::find(names.begin(), names.end(), key);
    if (name == names.end()) {
      for (const Option& option : set.options()) {
        if (was_called(option, key))
          refuse_usage(place(key_node), "\"" + key + "\" was renamed", "\"" + option.name + "\"");
      }
      std::vector<std::string> candidates = names;
      candidates.insert(candidates.end(), set.commands().begin(), set.commands().end());
      refuse_usage(place(key_node), "unknown option \"" + key + "\"", "", did_you_mean(key, candidates));
    }
    apply_value(set.options()[static_cast<std::size_t>(name - names.begin())], value);
  });
}

bool is_command(const OptionSet& set, const std::string& name) {
  return std::find(set.commands().begin(), set.commands().end(), name) != set.commands().end();
}

/// Whether a file has sections for commands: one key that names a command is enough.
bool is_sectioned(const OptionSet& set, const YAML::Node& mapping) {
  return std::any_of(mapping.begin(), mapping.end(), [&](const auto& member) {
    return member.first.IsScalar() && is_command(set, member.first.Scalar());
  });
}

/// Applies the section of the set's command. The others are read when their commands are.
void apply_section(const OptionSet& set, const YAML::Node& mapping) {
  std::vector<std::string> sections;
  for_each_member(mapping, [&](const std::string& key, const YAML::Node& key_node, const YAML::Node& value) {
    if (!is_command(set, key)) {
      refuse_usage(place(key_node), "\"" + key + "\" next to sections for commands", "the name of a command",
                   did_you_mean(key, set.commands()));
    }
    if (!value.IsMap() && !value.IsNull()) refuse_usage(place(value), "a plain value for " + key, "its options");
    sections.push_back(key);
    if (key == set.command() && value.IsMap()) apply_mapping(set, value);
  });
  if (std::find(sections.begin(), sections.end(), set.command()) == sections.end()) {
    refuse_usage("", "no section for " + set.command(), "",
                 fmt::format("it has settings for {}", fmt::join(sections, ", ")));
  }
}

}  // namespace

void apply_yaml(const OptionSet& set, const std::string& text, const std::string& where) {
  in(where, [&] {
    const YAML::Node mapping = load_mapping(text);
    is_sectioned(set, mapping) ? apply_section(set, mapping) : apply_mapping(set, mapping);
  });
}

void apply_preset(const OptionSet& set, const Preset& preset) {
  in("preset " + preset.name, [&] {
    for_each_member(load_mapping(preset.yaml),
                    [&](const std::string& command, const YAML::Node&, const YAML::Node& settings) {
                      if (command == set.command()) apply_mapping(set, settings);
                    });
  });
}

std::vector<std::string> preset_commands(const Preset& preset) {
  std::vector<std::string> commands;
  in("preset " + preset.name, [&] {
    for_each_member(load_mapping(preset.yaml),
                    [&](const std::string& command, const YAML::Node& key_node, const YAML::Node& settings) {
                      if (!settings.IsMap()) refuse_usage(place(key_node), command + " without settings", "a mapping");
                      commands.push_back(command);
                    });
  });
  return commands;
}

std::vector<std::string> preset_names(const OptionSet& set) {
  std::vector<std::string> names;
  for (const Preset& preset : set.presets()) {
    const std::vector<std::string> commands = preset_commands(preset);
    if (std::find(commands.begin(), commands.end(), set.command()) != commands.end()) names.push_back(preset.name);
  }
  return names;
}

}  // namespace phatgoose
