// Settings of `phatgoose inspect`.
#pragma once

#include <string>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct InspectSettings {
  std::string directory;
  bool json = false;
  bool verify = false;

  OptionSet declare();
};

}  // namespace phatgoose
