// A directory, what it is called where that differs from its own name, and what an expert may be called.
#pragma once

#include <string>
#include <utility>

#include "phatgoose/base/files.h"

namespace phatgoose {

constexpr const char* kExpertNameRule = "a name without slash, comma, tab and line break";

/// A name is a folder of a packed model, an entry of --enabled and a column of tables.
inline bool is_expert_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find_first_of("/,\n\t") == std::string::npos;
}

struct NamedDirectory {
  fs::path path;
  std::string name;  ///< empty: its own

  NamedDirectory(fs::path directory, std::string given_name = {})  // a plain path is one without a name
      : path(std::move(directory)), name(std::move(given_name)) {}
};

}  // namespace phatgoose
