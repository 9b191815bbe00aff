// A directory, and what it is called where that differs from its own name.
#pragma once

#include <string>
#include <utility>

#include "phatgoose/base/files.h"

namespace phatgoose {

struct NamedDirectory {
  fs::path path;
  std::string name;  ///< empty: its own

  NamedDirectory(fs::path directory, std::string given_name = {})  // a plain path is one without a name
      : path(std::move(directory)), name(std::move(given_name)) {}
};

}  // namespace phatgoose
