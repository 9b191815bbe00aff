// Settings of `phatgoose train-multitask`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/settings/training.h"
#include "phatgoose/store/modular_method.h"

namespace phatgoose {

/// The defaults are those of METHODS 7, stage 1.
struct TrainMultitaskSettings : AdapterTrainingSettings {
  std::string method;  ///< "lora", or that of a ModularMethod
  std::string name;    ///< empty: that of the directory
  std::string out;
  std::optional<std::int64_t> rank, skills, splits, order;  ///< resolve() fills in what the method has
  std::optional<std::string> init;                          ///< of leaves: "identity" or "paper"
  std::string tasks = "files";                              ///< or "templates"
  std::optional<double> routing_lr;
  bool noise = false;  ///< relaxed Bernoulli weights while training

  TrainMultitaskSettings();

  OptionSet declare();
  /// Usage error where options contradict each other or the method has no use for one; before resolve().
  void check() const;
  /// Fills in the method's defaults, so that records name them.
  void resolve();

  /// None for "lora".
  std::optional<ModularMethod> modular_method() const { return modular_method_named(method); }
  /// Of a modular method, once resolved.
  ModularShape shape() const;
};

}  // namespace phatgoose
