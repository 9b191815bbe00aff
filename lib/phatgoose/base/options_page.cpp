#include "phatgoose/base/options_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/fill.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/base/options_yaml.h"

namespace phatgoose {
namespace {

std::string default_text(const Option& option) {
  if (option.required) return " (required)";
  const std::string value = value_text(option);
  const bool off = is_flag(option) && value == "false";
  return value.empty() || off ? "" : fmt::format(" (default: {})", value);
}

std::string limits_text(const Option& option) {
  const bool numeric = !is_text(option) && !is_flag(option);
  const std::string text = expectation(option);
  const bool bounded = text.find(" from ") != std::string::npos || text.find(" of at ") != std::string::npos;
  return numeric && bounded ? "; " + text : "";
}

std::string typed_with(const Option& option, const std::string& value) {
  if (option.positional) return value;
  const bool bare = is_flag(option) && value_text(option) == "false";
  const std::string letter = option.letter == 0 ? "" : fmt::format("-{}, ", option.letter);
  if (!option.bare.empty()) return letter + "--" + option.name + " [" + value + "]";
  return letter + "--" + option.name + (bare ? "" : " " + value);
}

/// Choices stand where the value is typed, unless they are too many for a line.
OptionLine line_of(const Option& option) {
  OptionLine line{.typed = typed_with(option, placeholder_of(option)), .meaning = option.help + limits_text(option)};
  if (line.typed.size() + 2 > kPageWidth) {
    line.typed = typed_with(option, is_list(option) ? "NAME..." : "NAME");
    line.meaning += "; " + expectation(option);
  }
  line.meaning += default_text(option);
  return line;
}

void add_line(std::vector<OptionGroup>& groups, const Option& option) {
  auto group = std::ranges::find(groups, option.group, &OptionGroup::name);
  if (group == groups.end()) group = groups.insert(group, {.name = option.group, .lines = {}});
  group->lines.push_back(line_of(option));
}

}  // namespace

std::vector<OptionGroup> option_groups(const OptionSet& set) {
  std::vector<OptionGroup> groups;
  for (const Option& option : set.options()) add_line(groups, option);
  GeneralOptions general;
  const OptionSet general_set = general.declare(set);
  for (const Option& option : general_set.options()) {
    if (option.name != "preset" || !preset_names(set).empty()) add_line(groups, option);
  }
  return groups;
}

std::vector<std::string> usage_pieces(const OptionSet& set) {
  std::vector<std::string> pieces = {"phatgoose " + set.command()};
  for (const Option& option : set.options()) {
    if (option.required && !option.positional) pieces.push_back(line_of(option).typed);
  }
  pieces.push_back("[OPTIONS]");
  for (const Option& option : set.options()) {
    if (!option.positional) continue;
    const std::string typed = line_of(option).typed;
    pieces.push_back(option.required ? typed : "[" + typed + "]");
  }
  return pieces;
}

}  // namespace phatgoose
