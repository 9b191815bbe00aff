// Settings of `phatgoose train-gate`.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/settings/training.h"

namespace phatgoose {

struct TrainGateSettings : AdapterTrainingSettings {
  std::string expert;
  std::optional<std::string> out;  ///< a copy of the expert with its gate; default: the gate is added to the expert
  bool retrain = false;            ///< train a new gate, which replaces the one that is there once it is finished

  TrainGateSettings() { training.steps = 100; }
  OptionSet declare();
  /// Usage error where options contradict each other or a file is given twice.
  void check() const;
};

}  // namespace phatgoose
