// Settings of `phatgoose routes`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct RoutesSettings {
  std::string path;        ///< a mixture, or a file of routes
  std::string categories;  ///< YAML file
  std::optional<std::string> vectors, heat_map;
  std::optional<std::int64_t> clusters;  ///< none: as many as there are categories
  std::int64_t permutations = 9999;
  std::int64_t seed = 0;
  bool json = false;

  OptionSet declare();
};

}  // namespace phatgoose
