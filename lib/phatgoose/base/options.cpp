#include "phatgoose/base/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"
#include "phatgoose/base/option_values.h"

namespace phatgoose {
namespace {

/// A YAML scalar for free text: plain where nobody can misread it, otherwise quoted (JSON strings are YAML strings).
std::string yaml_text(const std::string& text) {
  const auto plain = [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
           c == '.' || c == '-';
  };
  const bool word = !text.empty() && (std::isalpha(static_cast<unsigned char>(text[0])) || text[0] == '/') &&
                    std::all_of(text.begin(), text.end(), plain);
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

}  // namespace phatgoose
