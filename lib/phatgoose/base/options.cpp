#include "phatgoose/base/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/base/options_yaml.h"

namespace phatgoose {
namespace {

/// A YAML scalar for free text: plain where nobody can misread it, otherwise quoted (JSON strings are YAML strings).
std::string yaml_text(const std::string& text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.-";
  const bool word = !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '/') &&
                    text.find_first_not_of(kPlain) == std::string::npos;
  const std::vector<std::string> reserved = {"null", "Null", "NULL", "true", "false", "yes", "no", "on", "off"};
  if (word && std::find(reserved.begin(), reserved.end(), text) == reserved.end()) return text;
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string yaml_value(const Option& option) {
  if (const auto* list = std::get_if<std::vector<std::string>*>(&option.target)) {
    std::string text = "[";
    for (const std::string& element : **list) text += (text.size() > 1 ? ", " : "") + yaml_text(element);
    return text + "]";
  }
  if (std::holds_alternative<std::string*>(option.target)) return yaml_text(value_text(option));
  if (const auto* text = std::get_if<std::optional<std::string>*>(&option.target)) {
    return (*text)->has_value() ? yaml_text(***text) : "null";
  }
  return has_value(option) ? value_text(option) : "null";
}

}  // namespace

Option& OptionSet::add(Option option) {
  if (std::ranges::find(options_, option.name, &Option::name) != options_.end()) {
    fail(ExitCode::bug, {.where = command_, .found = "option " + option.name + " declared twice"});
  }
  option.group = group_;
  return options_.emplace_back(std::move(option));
}

std::string OptionSet::dump() const {
  std::string text = "# phatgoose " + command_ + "\n", group;
  for (const Option& option : options_) {
    if (option.group != group) text += "\n# " + option.group + "\n";
    group = option.group;
    text +=
        option.name + ": " + yaml_value(option) + (option.required && !has_value(option) ? "  # required" : "") + "\n";
  }
  return text;
}

Json OptionSet::values() const {
  Json object = Json::object();
  for (const Option& option : options_) object[option.name] = value_json(option);
  return object;
}

OptionSet GeneralOptions::declare(const OptionSet& command) {
  OptionSet set(command.command(), command.summary());
  set.begin_group("Settings files and help");
  set.add("config", &config, "read settings from a YAML file; the command line has the last word").as("FILE");
  set.add("preset", &preset,
          fmt::format("begin with built-in settings: {}; --config and the command line come after",
                      fmt::join(preset_names(command), ", ")))
      .as("NAME");
  set.add("dump-config", &dump_config, "print the resulting settings as YAML and do nothing else");
  set.add("version", &version, "print the version and do nothing else").short_for('V');
  set.add("help", &help, "print this page and do nothing else").short_for('h');
  return set;
}

}  // namespace phatgoose
