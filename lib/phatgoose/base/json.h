// JSON values and strict parsing. Duplicate keys and trailing text are errors, not silently resolved.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace phatgoose {

using Json = nlohmann::ordered_json;

/// Parses one document. `where` names the source in errors (exit code bad_data): "WHERE:LINE: column N: ...".
Json parse_json(std::string_view text, const std::string& where);

/// Parses a document that is one line of a file, `where` being "FILE:LINE": errors say "FILE:LINE: column N: ...".
Json parse_json_line(std::string_view line, const std::string& where);

/// Reads and parses a whole file; a byte-order mark before the document is no part of it.
Json read_json(const std::string& path);

/// JSON for stdout: what acts on a terminal is escaped in its strings (base/utf8.h), bytes that are not UTF-8 are
/// replaced. `indent` -1: one line.
std::string json_text(const Json& value, int indent = -1);

/// The member `key` of `object` as T; a missing key or another type is a bad_data error that names `where` and the key.
template <typename T>
T json_get(const Json& object, const std::string& key, const std::string& where);

/// As json_get, but `fallback` where the key is missing or null.
template <typename T>
T json_get_or(const Json& object, const std::string& key, T fallback, const std::string& where);

}  // namespace phatgoose

#include "phatgoose/base/json_inl.h"
