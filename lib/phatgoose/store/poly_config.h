// adapter_config.json of a PEFT Poly directory (METHODS 7): sizes, and which modules are adapted.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/store/modular_method.h"
#include "phatgoose/store/module_targets.h"

namespace phatgoose {

class PolyConfig {
 public:
  /// Every setting that PEFT 0.21 knows (peft.tuners.poly.PolyConfig) is used as PEFT uses it, or must have the value
  /// that turns it off: another peft_type or poly_type and fully trained modules are refused: bad_data.
  explicit PolyConfig(const Json& json);

  /// poly, or mhr where there is more than one split.
  const ModularShape& shape() const { return shape_; }
  std::int64_t tasks() const { return tasks_; }
  /// The modules that PEFT would adapt.
  const ModuleTargets& targets() const { return targets_; }
  /// Settings with a value that PEFT does not know either: it ignores them, and says so.
  const std::vector<std::string>& unknown_settings() const { return unknown_; }

 private:
  ModularShape shape_;
  std::int64_t tasks_;
  ModuleTargets targets_;
  std::vector<std::string> unknown_;
};

/// The settings of an adapter of `shape`, which is poly or mhr, as PolyConfig reads them and PEFT needs them.
Json poly_config_json(const ModularShape& shape, std::int64_t tasks, const std::string& base_name,
                      const std::set<std::string>& target_modules);

}  // namespace phatgoose
