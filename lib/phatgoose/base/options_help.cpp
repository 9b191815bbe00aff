// How a declaration is shown: --help on a terminal, and a section of docs/commands.md.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/option_values.h"
#include "phatgoose/base/options.h"
#include "phatgoose/base/options_yaml.h"

namespace phatgoose {
namespace {

constexpr std::size_t kWidth = 100;      // columns of a help page
constexpr std::size_t kHelpColumn = 30;  // where the explanations begin

/// A line of the list of options: how it is typed, and what it does.
struct Entry {
  std::string group;
  std::string typed;
  std::string meaning;
};

std::string default_text(const Option& option) {
  if (option.required) return " (required)";
  if (!has_value(option)) return "";
  return fmt::format(" (default: {})", value_text(option));
}

std::string limits_text(const Option& option) {
  const bool numeric = !is_text(option) && !is_flag(option);
  const std::string text = expectation(option);
  const bool bounded = text.find(" from ") != std::string::npos || text.find(" of at ") != std::string::npos;
  return numeric && bounded ? "; " + text : "";
}

std::string typed_text(const Option& option) {
  if (option.positional) return placeholder_of(option);
  const bool bare = is_flag(option) && value_text(option) == "false";
  if (!option.bare.empty()) return "--" + option.name + " [" + placeholder_of(option) + "]";
  return "--" + option.name + (bare ? "" : " " + placeholder_of(option));
}

std::vector<Entry> entries_of(const OptionSet& set) {
  std::vector<Entry> entries;
  for (const Option& option : set.options()) {
    const bool silent = is_flag(option) && value_text(option) == "false";
    entries.push_back(
        {option.group, typed_text(option), option.help + limits_text(option) + (silent ? "" : default_text(option))});
  }
  const std::string group = "Settings files and help";
  const std::vector<std::string> presets = preset_names(set);
  entries.push_back({group, "--config FILE", "read settings from a YAML file; the command line has the last word"});
  if (!presets.empty()) {
    entries.push_back({group, "--preset NAME",
                       fmt::format("begin with built-in settings: {}; --config and the command line come after",
                                   fmt::join(presets, ", "))});
  }
  entries.push_back({group, "--dump-config", "print the resulting settings as YAML and do nothing else"});
  entries.push_back({group, "--version", "print the version and do nothing else"});
  entries.push_back({group, "--help", "print this page and do nothing else"});
  return entries;
}

/// Groups in order of their first entry.
std::vector<std::string> groups_of(const std::vector<Entry>& entries) {
  std::vector<std::string> groups;
  for (const Entry& entry : entries) {
    if (std::find(groups.begin(), groups.end(), entry.group) == groups.end()) groups.push_back(entry.group);
  }
  return groups;
}

std::string usage_of(const OptionSet& set) {
  std::string text = "phatgoose " + set.command();
  for (const Option& option : set.options()) {
    if (option.required && !option.positional) text += " " + typed_text(option);
  }
  text += " [OPTIONS]";
  for (const Option& option : set.options()) {
    if (option.positional) text += option.required ? " " + typed_text(option) : " [" + typed_text(option) + "]";
  }
  return text;
}

/// Breaks text between words so that lines starting at `column` end before kWidth.
std::string wrapped(const std::string& text, std::size_t column) {
  std::string result, line;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!line.empty() && column + line.size() + 1 + word.size() > kWidth) {
      result += line + "\n" + std::string(column, ' ');
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
    at = end + 1;
  }
  return result + line;
}

std::string help_line(const Entry& entry) {
  std::string text = "  " + entry.typed;
  if (text.size() + 2 > kHelpColumn) {
    text += "\n" + std::string(kHelpColumn, ' ');
  } else {
    text.append(kHelpColumn - text.size(), ' ');
  }
  return text + wrapped(entry.meaning, kHelpColumn) + "\n";
}

/// Markdown tables end a cell at every bar.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

std::string OptionSet::help() const {
  std::string text = "Usage: " + usage_of(*this) + "\n" + wrapped(summary_, 0) + "\n";
  const std::vector<Entry> entries = entries_of(*this);
  for (const std::string& group : groups_of(entries)) {
    text += "\n" + group + ":\n";
    for (const Entry& entry : entries) {
      if (entry.group == group) text += help_line(entry);
    }
  }
  return text;
}

std::string OptionSet::markdown() const {
  std::string text = fmt::format("## {}\n\n{}\n\n```\n{}\n```\n", command_, summary_, usage_of(*this));
  const std::vector<Entry> entries = entries_of(*this);
  for (const std::string& group : groups_of(entries)) {
    text += "\n| " + group + " | |\n|---|---|\n";
    for (const Entry& entry : entries) {
      if (entry.group == group) text += fmt::format("| `{}` | {} |\n", cell(entry.typed), cell(entry.meaning));
    }
  }
  return text;
}

}  // namespace phatgoose
