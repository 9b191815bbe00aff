// JSON values and strict parsing. Duplicate keys and trailing text are errors, not silently resolved.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "phatgoose/base/error.h"

// Compiled once, in json.cpp, and not in every file that uses it: a third of the build went there.
extern template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace phatgoose {

using Json = nlohmann::ordered_json;

/// Parses one document; what it refuses (bad_data) is at ":LINE: column N" of the place that in() adds.
Json parse_json(std::string_view text);

/// Parses a document that is one line of a file: errors are at "column N".
Json parse_json_line(std::string_view line);

/// Reads and parses a whole file; a byte-order mark before the document is no part of it.
Json read_json(const std::string& path);

/// What `take` makes of the JSON of a file; what it refuses is at the file.
template <typename Take>
auto read_json(const std::string& path, Take&& take) {
  const Json json = read_json(path);
  return in(path, [&] { return take(json); });
}

/// JSON for stdout: what acts on a terminal is escaped in its strings (base/utf8.h), bytes that are not UTF-8 are
/// replaced. `indent` -1: one line.
std::string json_text(const Json& value, int indent = -1);

/// The member `key` of `object` as T; a missing key or another type is a bad_data error that names the key, at the
/// place that in() adds.
template <typename T>
T json_get(const Json& object, const std::string& key);

/// As json_get, but `fallback` where the key is missing or null.
template <typename T>
T json_get_or(const Json& object, const std::string& key, T fallback);

/// The member `key` of a model's configuration as a size: 1 to 2^30, far above any real model, which keeps every
/// product of two sizes inside 64 bits.
std::int64_t json_size(const Json& object, const std::string& key);
/// The member `key` as a finite number above 0; `fallback` where it is missing or null.
double json_positive_or(const Json& object, const std::string& key, double fallback);

}  // namespace phatgoose

#include "phatgoose/base/json_inl.h"
