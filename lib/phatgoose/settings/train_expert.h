// Settings of `phatgoose train-expert`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/expert_options.h"
#include "phatgoose/settings/training.h"

namespace phatgoose {

struct TrainExpertSettings {
  CommonSettings common;
  DataSettings data;
  TrainingSettings training;
  std::string model;
  std::string name;
  std::string out;
  std::optional<std::string> init;  ///< adapter directory to continue from
  ExpertOptions expert_options;
  std::int64_t rank = 16;
  double alpha = 1.0;       ///< the scale is alpha / rank
  bool joint_gate = false;  ///< train the gate together with the factors, from the start
  std::string save_dtype = "fp32";
  std::optional<double> dropout;  ///< T5's own; default: the base's dropout_rate

  OptionSet declare();
  /// Usage error for a name that no expert can have, and as data.check().
  void check() const;
};

}  // namespace phatgoose
