// Settings that every computing command shares.
#pragma once

#include <cstdint>
#include <string>

#include "phatgoose/base/log.h"
#include "phatgoose/base/options.h"

namespace phatgoose {

struct CommonSettings {
  std::string device = "cpu";
  std::string dtype = "auto";
  std::int64_t threads = 0;  ///< 0: all cores
  std::int64_t seed = 0;
  std::string log = "info";

  void declare(OptionSet& set);
  /// `log` as the level that it names.
  LogLevel log_level() const;
};

}  // namespace phatgoose
