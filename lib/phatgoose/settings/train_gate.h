// Settings of `phatgoose train-gate`.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/expert_options.h"
#include "phatgoose/settings/training.h"

namespace phatgoose {

struct TrainGateSettings {
  CommonSettings common;
  DataSettings data;
  TrainingSettings training{.steps = 100};
  std::string model;
  std::string expert;
  ExpertOptions expert_options;
  std::optional<std::string> out;  ///< a copy of the expert with its gate; default: the gate is added to the expert
  bool retrain = false;            ///< train a new gate, which replaces the one that is there once it is finished
  std::optional<double> dropout;   ///< T5's own; default: the base's dropout_rate

  OptionSet declare();
  /// Usage error where options contradict each other or a file is given twice.
  void check() const;
};

}  // namespace phatgoose
