// Settings of `phatgoose score`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct ScoreSettings {
  std::vector<std::string> results;  ///< [NAME=]DIR
  std::optional<std::string> metric = {}, compare_to = {};
  bool join = false;  ///< `results` are shards, and `out` the directory that they are joined in
  bool pairs = false;
  bool all_metrics = false, templates = false;
  std::string format = "text";
  std::optional<std::string> out = {};

  OptionSet declare();
};

}  // namespace phatgoose
