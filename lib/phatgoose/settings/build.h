// Settings of `phatgoose build`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"
#include "phatgoose/settings/expert_options.h"
#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {

struct BuildSettings {
  std::string model;
  std::vector<std::string> experts;
  std::optional<std::string> library;
  ExpertOptions expert_options;
  std::string out;
  std::string router = "phatgoose";
  std::optional<std::int64_t> k;  ///< default: that of SelectionSettings
  std::optional<double> top_p;    ///< in place of k
  double temperature = 1.0;
  double renorm_eps = 0.0;
  std::string mix = "outputs";
  std::vector<std::string> enabled;  ///< texts of one or more names, separated by commas; empty: all
  bool pack = false;

  OptionSet declare();
  /// What k, top_p, temperature and renorm_eps say; usage error for both k and top_p.
  SelectionSettings selection() const;
};

}  // namespace phatgoose
