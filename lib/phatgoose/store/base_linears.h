// The linears of a base model by name, and what an adapter's module paths must be there.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "phatgoose/store/module_targets.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

constexpr const char* kOtherBase = "it was made for another base model";

class BaseLinears {
 public:
  explicit BaseLinears(const std::vector<LinearGroupSpec>& groups);

  /// The linear that an adapter stores factors for; bad_data at `where`, with what was probably meant, where the base
  /// has none of that path.
  const LinearSpec& at(const std::string& path, const std::string& where) const;

 private:
  std::map<std::string, LinearSpec> linears_;
  std::vector<std::string> names_;  ///< in the order of computation
};

/// The modules of a base that `targets` has PEFT adapt and of which the adapter stores nothing. `model_path` stands
/// before the base's paths within the model that PEFT adapted.
std::vector<std::string> missing_modules(const ModuleTargets& targets, const std::string& model_path,
                                         const T5Config& config,
                                         const std::function<bool(const std::string&)>& is_stored);

}  // namespace phatgoose
