// Settings of `phatgoose inspect`.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct InspectSettings {
  std::vector<std::string> directories;
  bool json = false;
  bool verify = false;
  bool similarity = false;

  OptionSet declare();
};

}  // namespace phatgoose
