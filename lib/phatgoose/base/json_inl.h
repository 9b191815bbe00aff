// Typed access to JSON members: what json_get accepts for each C++ type.
#pragma once

#include <concepts>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "phatgoose/base/json.h"

namespace phatgoose::detail {

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};

/// Whether `value` can be read as T without loss: integers must be JSON integers in T's range, reals any number.
template <typename T>
bool json_holds(const Json& value) {
  if constexpr (std::is_same_v<T, Json>) {
    return true;
  } else if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean();
  } else if constexpr (std::integral<T>) {
    if (value.is_number_unsigned()) return std::in_range<T>(value.get<std::uint64_t>());
    return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
  } else if constexpr (std::floating_point<T>) {
    return value.is_number();
  } else if constexpr (IsVector<T>::value) {
    if (!value.is_array()) return false;
    for (const Json& element : value) {
      if (!json_holds<typename T::value_type>(element)) return false;
    }
    return true;
  } else {
    static_assert(std::is_same_v<T, std::string>, "json_get: string, bool, integer, real, Json or a vector of these");
    return value.is_string();
  }
}

template <typename T>
std::string json_expectation() {
  if constexpr (std::is_same_v<T, Json>) {
    return "any value";
  } else if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::integral<T>) {
    return "an integer from " + std::to_string(std::numeric_limits<T>::min()) + " to " +
           std::to_string(std::numeric_limits<T>::max());
  } else if constexpr (std::floating_point<T>) {
    return "a number";
  } else if constexpr (IsVector<T>::value) {
    return "a list, each element " + json_expectation<typename T::value_type>();
  } else {
    return "a string";
  }
}

/// The member, or null where `object` has none. `object` that is no object: bad_data error.
const Json* json_find(const Json& object, const std::string& key);
[[noreturn]] void json_missing(const std::string& key, const std::string& expected);
[[noreturn]] void json_mistyped(const Json& value, const std::string& key, const std::string& expected);

template <typename T>
T json_read(const Json& value, const std::string& key) {
  if (!json_holds<T>(value)) json_mistyped(value, key, json_expectation<T>());
  return value.get<T>();
}

}  // namespace phatgoose::detail

namespace phatgoose {

template <typename T>
T json_get(const Json& object, const std::string& key) {
  const Json* value = detail::json_find(object, key);
  if (value == nullptr) detail::json_missing(key, detail::json_expectation<T>());
  return detail::json_read<T>(*value, key);
}

template <typename T>
T json_get_or(const Json& object, const std::string& key, T fallback) {
  const Json* value = detail::json_find(object, key);
  if (value == nullptr || value->is_null()) return fallback;
  return detail::json_read<T>(*value, key);
}

}  // namespace phatgoose
