// adapter_config.json of a PEFT LoRA directory: what decides rank, scale and place of every pair of factors.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/store/module_pattern.h"
#include "phatgoose/store/module_targets.h"

namespace phatgoose {

class PeftConfig {
 public:
  /// Every setting that PEFT 0.21 knows is used as PEFT uses it, or must have the value that turns it off: what is no
  /// plain LoRA (another peft_type, DoRA, biases, fully trained modules, an initialisation that changes the base) is
  /// refused with the reason: bad_data.
  explicit PeftConfig(const Json& json);

  /// The modules that PEFT would adapt.
  const ModuleTargets& targets() const { return targets_; }
  std::int64_t rank_of(const std::string& path) const;
  /// c_e: alpha / R, or alpha / sqrt(R) for rsLoRA.
  double scale_of(const std::string& path) const;
  /// Settings with a value that PEFT does not know either: it ignores them, and says so.
  const std::vector<std::string>& unknown_settings() const { return unknown_; }

 private:
  std::int64_t rank_;
  double alpha_;
  bool rank_stabilised_;
  std::vector<std::pair<ModulePattern, std::int64_t>> rank_patterns_;  ///< the first that matches counts
  std::vector<std::pair<ModulePattern, double>> alpha_patterns_;
  ModuleTargets targets_;
  std::vector<std::string> unknown_;
};

}  // namespace phatgoose
