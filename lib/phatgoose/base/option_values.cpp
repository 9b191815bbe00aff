#include "phatgoose/base/option_values.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>
#include <type_traits>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"

namespace phatgoose {
namespace {

/// The type of one value of a target: T for T*, std::optional<T>* and std::vector<T>*.
template <typename T>
struct ValueOf {
  using type = T;
};
template <typename T>
struct ValueOf<std::optional<T>> {
  using type = T;
};
template <typename T>
struct ValueOf<std::vector<T>> {
  using type = T;
};

template <typename T>
constexpr bool kIsOptional =
    !std::is_same_v<T, typename ValueOf<T>::type> && !std::is_same_v<T, std::vector<std::string>>;

template <typename T>
std::optional<T> parse_number(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <typename T>
std::optional<T> parse_value(const std::string& text) {
  if constexpr (std::is_same_v<T, std::string>) {
    return text;
  } else if constexpr (std::is_same_v<T, bool>) {
    if (text == "true") return true;
    if (text == "false") return false;
    return std::nullopt;
  } else {
    return parse_number<T>(text);
  }
}

template <typename T>
bool admits(const Option& option, const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return option.choices.empty() ||
           std::find(option.choices.begin(), option.choices.end(), value) != option.choices.end();
  } else if constexpr (std::is_same_v<T, bool>) {
    return true;
  } else {
    const auto number = static_cast<double>(value);
    return std::isfinite(number) && number >= option.minimum && number <= option.maximum;
  }
}

[[noreturn]] void refuse_value(const Option& option, const std::string& text) {
  refuse_usage("", fmt::format("\"{}\" is not a valid value for {}", text, option.name), expectation(option),
               did_you_mean(text, option.choices));
}

template <typename T>
T checked_value(const Option& option, const std::string& text) {
  const std::optional<T> value = parse_value<T>(text);
  if (!value || !admits(option, *value)) refuse_value(option, text);
  return *value;
}

template <typename T>
std::string text_of(const T& value) {
  if constexpr (std::is_same_v<T, std::string>) {
    return value;
  } else {
    return fmt::format("{}", value);
  }
}

std::string range_text(const Option& option) {
  const bool below = std::isfinite(option.maximum), above = std::isfinite(option.minimum);
  if (above && below) return fmt::format(" from {} to {}", option.minimum, option.maximum);
  if (above) return fmt::format(" of at least {}", option.minimum);
  if (below) return fmt::format(" of at most {}", option.maximum);
  return "";
}

/// Calls `visit` with a default value of the option's value type.
template <typename Visit>
auto with_value_type(const Option& option, Visit visit) {
  return std::visit(
      [&](auto* target) { return visit(typename ValueOf<std::remove_pointer_t<decltype(target)>>::type{}); },
      option.target);
}

}  // namespace

std::string expectation(const Option& option) {
  if (!option.choices.empty()) return fmt::format("one of {}", fmt::join(option.choices, ", "));
  return with_value_type(option, [&](auto value) -> std::string {
    using T = decltype(value);
    if constexpr (std::is_same_v<T, bool>) return "true or false";
    if constexpr (std::is_same_v<T, std::int64_t>) return "an integer" + range_text(option);
    if constexpr (std::is_same_v<T, double>) return "a number" + range_text(option);
    return "text";
  });
}

void assign_texts(const Option& option, const std::vector<std::string>& texts) {
  if (!is_list(option) && texts.size() != 1) {
    refuse_usage("", fmt::format("{} values for {}", texts.size(), option.name), "one, " + expectation(option));
  }
  std::visit(
      [&](auto* target) {
        using Target = std::remove_pointer_t<decltype(target)>;
        using T = typename ValueOf<Target>::type;
        if constexpr (std::is_same_v<Target, std::vector<T>>) {
          target->clear();
          for (const std::string& text : texts) target->push_back(checked_value<T>(option, text));
        } else {
          *target = checked_value<T>(option, texts.front());
        }
      },
      option.target);
}

void assign_nothing(const Option& option) {
  std::visit(
      [&](auto* target) {
        using Target = std::remove_pointer_t<decltype(target)>;
        if constexpr (kIsOptional<Target>) {
          target->reset();
        } else {
          refuse_value(option, "null");
        }
      },
      option.target);
}

void assign_json(const Option& option, const Json& object, const std::string& key) {
  if (json_get_or<Json>(object, key, nullptr).is_null() && !has_value(option)) return;
  std::visit(
      [&](auto* target) {
        using Target = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<Target, std::vector<std::string>>) {
          *target = json_get<Target>(object, key);
        } else {
          const auto value = json_get<typename ValueOf<Target>::type>(object, key);
          if (!admits(option, value)) {
            refuse_here(key + " " + object.at(key).dump(), expectation(option),
                        did_you_mean(text_of(value), option.choices));
          }
          *target = value;
        }
      },
      option.target);
}

Json value_json(const Option& option) {
  return std::visit(
      [](auto* target) -> Json {
        if constexpr (requires { target->has_value(); }) {
          return target->has_value() ? Json(**target) : Json(nullptr);
        } else {
          return *target;
        }
      },
      option.target);
}

void copy_value(const Option& from, const Option& to) {
  std::visit([&](auto* target) { *target = *std::get<decltype(target)>(from.target); }, to.target);
}

std::string value_text(const Option& option) {
  return std::visit(
      [](auto* target) -> std::string {
        using Target = std::remove_pointer_t<decltype(target)>;
        if constexpr (kIsOptional<Target>) {
          return target->has_value() ? text_of(**target) : "";
        } else if constexpr (std::is_same_v<Target, std::vector<std::string>>) {
          return fmt::format("{}", fmt::join(*target, " "));
        } else {
          return text_of(*target);
        }
      },
      option.target);
}

bool has_value(const Option& option) { return !value_text(option).empty(); }

bool is_list(const Option& option) { return std::holds_alternative<std::vector<std::string>*>(option.target); }

bool is_flag(const Option& option) { return std::holds_alternative<bool*>(option.target); }

bool is_text(const Option& option) {
  return with_value_type(option, [](auto value) { return std::is_same_v<decltype(value), std::string>; });
}

std::vector<std::string> split_at_commas(const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  for (const std::string& text : texts) {
    std::istringstream stream(text);
    for (std::string name; std::getline(stream, name, ',');) {
      if (!name.empty()) names.push_back(name);
    }
  }
  return names;
}

bool was_called(const Option& option, const std::string& name) {
  return std::find(option.former_names.begin(), option.former_names.end(), name) != option.former_names.end();
}

std::string placeholder_of(const Option& option) {
  std::string text = option.placeholder;
  if (text.empty() && !option.choices.empty()) text = fmt::format("{}", fmt::join(option.choices, "|"));
  if (text.empty()) {
    text = with_value_type(option, [](auto value) -> std::string {
      using T = decltype(value);
      if constexpr (std::is_same_v<T, bool>) return "true|false";
      if constexpr (std::is_same_v<T, std::int64_t>) return "INTEGER";
      if constexpr (std::is_same_v<T, double>) return "NUMBER";
      return "TEXT";
    });
  }
  return is_list(option) && !text.ends_with("...") ? text + "..." : text;
}

}  // namespace phatgoose
