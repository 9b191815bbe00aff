// Settings of `phatgoose train-expert`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/settings/training.h"

namespace phatgoose {

struct TrainExpertSettings : AdapterTrainingSettings {
  std::string name;
  std::string out;
  std::optional<std::string> init;  ///< adapter directory to continue from
  std::int64_t rank = 16;
  double alpha = 1.0;       ///< the scale is alpha / rank
  bool joint_gate = false;  ///< train the gate together with the factors, from the start
  std::string save_dtype = "fp32";

  OptionSet declare();
  /// Usage error for a name that no expert can have, and as data.check() and training.check().
  void check() const;
};

}  // namespace phatgoose
