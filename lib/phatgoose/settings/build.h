// Settings of `phatgoose build`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/options.h"
#include "phatgoose/store/routing_settings.h"

namespace phatgoose {

struct BuildSettings {
  std::string model;
  std::vector<std::string> experts;
  std::optional<std::string> library;
  bool allow_partial = false;  ///< take experts that lack factors which their configuration promises
  std::string out;
  RoutingSettings routing = RoutingSettings::defaults();
  bool pack = false;

  BuildSettings() { routing.k.reset(); }  // top_p may take its place

  OptionSet declare();
};

}  // namespace phatgoose
