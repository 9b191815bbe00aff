// The options that every command has in addition to its own.
#pragma once

#include <string>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct GeneralOptions {
  std::string config, preset;
  bool dump_config = false, version = false, help = false;

  /// Declares them over this struct, which must outlive the result; --preset is explained with the presets of
  /// `command`.
  OptionSet declare(const OptionSet& command);
};

}  // namespace phatgoose
