// Which linears an adapter adapts, in short.
#pragma once

#include "phatgoose/base/json.h"
#include "phatgoose/store/smallest_base.h"

namespace phatgoose {

/// How many of the module paths that `by_path` is a map of end with each name: {"q": 6, "wo": 4}.
template <typename ByPath>
Json adapted_names(const ByPath& by_path) {
  Json names = Json::object();
  for (const auto& [path, stored] : by_path) {
    Json& count = names[last_name(path)];
    count = (count.is_null() ? 0 : count.template get<std::int64_t>()) + 1;
  }
  return names;
}

}  // namespace phatgoose
