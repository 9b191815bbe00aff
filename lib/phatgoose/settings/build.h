// Settings of `phatgoose build`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/options.h"
#include "phatgoose/settings/expert_options.h"

namespace phatgoose {

struct BuildSettings {
  std::string model;
  std::vector<std::string> experts;
  std::optional<std::string> library;
  ExpertOptions expert_options;
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
  /// Those of --expert and those in the library; usage error where there are none, bad_data for an empty library.
  std::vector<fs::path> all_experts() const;
};

}  // namespace phatgoose
