// Settings of `phatgoose eval`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/common.h"

namespace phatgoose {

struct EvalSettings {
  CommonSettings common;
  std::string model;
  std::optional<std::string> expert;  ///< at most one of expert and routed; neither: the base alone
  std::optional<std::string> routed;
  std::string suite;
  std::string out;
  std::vector<std::string> tasks;     ///< names; empty: all of the suite
  std::optional<std::int64_t> limit;  ///< rows per task
  std::int64_t batch_tokens = 4096;

  OptionSet declare();
};

}  // namespace phatgoose
