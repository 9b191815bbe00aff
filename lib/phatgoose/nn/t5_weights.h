// The weights of a T5 model under their Hugging Face names, as its layers find them.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/nn/linear_group.h"

namespace phatgoose {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

struct T5Weights {
  T5Config config;
  bool separate_head;
  /// Embedding [V, D], separate head [V, D], position tables [buckets, H], norms [D]: in this order, encoder first.
  NamedTensors unfused;
  FrozenWeight head;                                 ///< [V, D]; the embedding itself unless separate_head
  std::vector<std::unique_ptr<LinearGroup>> groups;  ///< in the order of linear_groups(config)
  std::map<std::string, LinearGroup*> group_of;      ///< by the module path of each of its linears

  /// Our bug where there is no such tensor or linear.
  const at::Tensor& tensor(const std::string& name) const;
  LinearGroup& group(const std::string& linear) const;

  /// Every tensor under its Hugging Face name; the linears are views into the groups' fused weights.
  NamedTensors named_parameters() const;

  const at::Tensor& embedding() const { return unfused.front().second; }  ///< [V, D]
};

}  // namespace phatgoose
