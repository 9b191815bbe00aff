// Settings of `phatgoose import`.
#pragma once

#include <string>

#include "phatgoose/base/options.h"

namespace phatgoose {

struct ImportSettings {
  std::string model;
  std::string checkpoint;
  std::string names;
  std::string out;
  bool gate = true;

  OptionSet declare();
};

}  // namespace phatgoose
