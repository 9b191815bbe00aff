#include "phatgoose/nn/t5_weights.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "phatgoose/base/error.h"

namespace phatgoose {

const at::Tensor& T5Weights::tensor(const std::string& name) const {
  const auto found =
      std::ranges::find(unfused, name, [](const auto& entry) -> const std::string& { return entry.first; });
  if (found == unfused.end()) fail(ExitCode::bug, {.where = name, .found = "no such tensor"});
  return found->second;
}

LinearGroup& T5Weights::group(const std::string& linear) const {
  const auto found = group_of.find(linear);
  if (found == group_of.end()) fail(ExitCode::bug, {.where = linear, .found = "no such linear"});
  return *found->second;
}

NamedTensors T5Weights::named_parameters() const {
  NamedTensors named = unfused;
  for (const auto& group : groups) {
    const at::Tensor weight = group->weight();  // [G, in]
    for (std::size_t i = 0; i < group->spec().linears.size(); ++i) {
      const LinearSpec& linear = group->spec().linears[i];
      named.emplace_back(linear.path + ".weight", weight.narrow(0, group->begin(i), linear.out));
    }
  }
  return named;
}

}  // namespace phatgoose
