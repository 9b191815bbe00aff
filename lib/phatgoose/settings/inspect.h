// Settings of `phatgoose inspect`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/reading.h"

namespace phatgoose {

struct InspectSettings {
  std::vector<std::string> directories;
  std::optional<std::string> model;  ///< for files of rows: whose tokenizer counts
  ReadingSettings reading;           ///< of files
  bool json = false;
  bool verify = false;
  bool similarity = false;

  OptionSet declare();
};

}  // namespace phatgoose
