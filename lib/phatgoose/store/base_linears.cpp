#include "phatgoose/store/base_linears.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"

namespace phatgoose {
namespace {

/// The adapter has factors for `path`, which is none of the base's linears `names`.
[[noreturn]] void refuse_module(const std::string& path, const std::vector<std::string>& names,
                                const std::string& where) {
  if (std::ranges::find(other_adaptable_modules(), path) != other_adaptable_modules().end()) {
    refuse(where, "an adapter of an embedding or of the head", "adapters of the linears of the blocks only");
  }
  const std::size_t t5 = std::min(path.find(".encoder.block."), path.find(".decoder.block."));
  if (t5 != std::string::npos) {
    refuse(where, "the prefix \"" + path.substr(0, t5 + 1) + "\" before a module path",
           "module paths of the base: encoder.block. or decoder.block.", "save the adapter under the base's own names");
  }
  const std::string meant = did_you_mean(path, names);
  refuse(where, "no such linear layer in the base", "module paths of the base",
         meant.empty() ? kOtherBase : meant + " otherwise " + kOtherBase);
}

}  // namespace

BaseLinears::BaseLinears(const std::vector<LinearGroupSpec>& groups) {
  for (const LinearGroupSpec& group : groups) {
    for (const LinearSpec& linear : group.linears) {
      linears_.emplace(linear.path, linear);
      names_.push_back(linear.path);
    }
  }
}

const LinearSpec& BaseLinears::at(const std::string& path, const std::string& where) const {
  const auto linear = linears_.find(path);
  if (linear == linears_.end()) refuse_module(path, names_, where);
  return linear->second;
}

std::vector<std::string> missing_modules(const ModuleTargets& targets, const std::string& model_path,
                                         const T5Config& config,
                                         const std::function<bool(const std::string&)>& is_stored) {
  std::vector<std::string> missing;
  const auto check = [&](const std::string& path) {
    if (targets.contain(model_path + path) && !is_stored(path)) missing.push_back(path);
  };
  for (const LinearSpec& linear : adapted_linears(config)) check(linear.path);
  for (const std::string& other : other_adaptable_modules()) check(other);
  return missing;
}

}  // namespace phatgoose
