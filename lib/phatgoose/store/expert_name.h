// What an expert may be called.
#pragma once

#include <string>

namespace phatgoose {

constexpr const char* kExpertNameRule = "a name without slash, comma, tab and line break";

/// A name is a folder of a packed model, an entry of --enabled and a column of tables.
inline bool is_expert_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/,\n\t") == std::string::npos;
}

}  // namespace phatgoose
