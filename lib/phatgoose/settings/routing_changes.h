// Options of commands that run a routed model and may change how it routes, without building it again.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"
#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {

struct RoutingOptions {
  std::optional<std::int64_t> k;
  std::optional<double> top_p, temperature;
  std::vector<std::string> enabled;    ///< texts of one or more names, separated by commas
  std::optional<std::string> encoder;  ///< directory of the sentence encoder, for retrieval; none: the base's own
  std::string source;                  ///< "FILE:LINE" where they stand; empty: on the command line

  void declare(OptionSet& set);
  RoutingChanges changes() const;
  bool any() const { return k || top_p || temperature || !enabled.empty() || encoder; }
};

/// The names in texts of one or more, separated by commas; empty ones are left out.
std::vector<std::string> split_at_commas(const std::vector<std::string>& texts);

}  // namespace phatgoose
