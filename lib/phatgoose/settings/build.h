// Settings of `phatgoose build`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct BuildSettings {
  std::string model;
  std::vector<std::string> experts;
  std::string out;
  std::string router = "phatgoose";
  std::int64_t k = 2;
  std::optional<double> top_p;
  double temperature = 1.0;
  double renorm_eps = 0.0;
  std::string mix = "outputs";
  std::vector<std::string> enabled;  ///< texts of one or more names, separated by commas; empty: all
  bool pack = false;

  OptionSet declare();
};

}  // namespace phatgoose
