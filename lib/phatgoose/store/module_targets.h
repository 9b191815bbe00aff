// Which modules of a model PEFT adapts (peft.tuners.tuners_utils.check_target_module_exists).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/store/module_pattern.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// Modules that are named by a list, each entry a module path or the end of one behind a dot, or by one expression for
/// whole paths.
struct ModuleNames {
  std::set<std::string> ends;
  std::optional<ModulePattern> pattern;

  bool contain(const std::string& path) const;
};

class ModuleTargets {
 public:
  /// target_modules, exclude_modules, layers_to_transform and layers_pattern of an adapter_config.json; what PEFT would
  /// refuse is bad_data.
  explicit ModuleTargets(const Json& json);

  /// The setting because of which PEFT does not adapt the module `path`; nothing where it does.
  std::optional<std::string> left_out_by(const std::string& path) const;
  bool contain(const std::string& path) const { return !left_out_by(path); }
  /// Refuses factors, at `where`, of a module that PEFT does not adapt and would ignore: bad_data.
  void check_adapted(const std::string& path, const std::string& where) const;

 private:
  void read_layers(const Json& json);
  bool in_layers(const std::string& path) const;

  bool all_linear_ = false;
  bool by_default_ = false;  ///< no target_modules: PEFT's own choice for T5
  ModuleNames targets_, excluded_;
  std::optional<std::set<std::int64_t>> layers_;
  std::vector<LayerPattern> layer_patterns_;  ///< the first that matches counts
};

/// The modules of a T5 model that PEFT can adapt besides the linears of its blocks: embeddings and the head.
const std::vector<std::string>& other_adaptable_modules();

}  // namespace phatgoose
