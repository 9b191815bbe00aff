// The seam between the frozen model and everything that is added to it.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/nn/pass.h"

namespace phatgoose {

/// What is added to the output of one linear group: LoRA, gated LoRA, routed experts, a dense update, ...
class Adapter {
 public:
  virtual ~Adapter() = default;

  /// Returns y plus the adapter's contribution; may work in place on y.
  /// `u` [N, in] is the group's input, `y` [N, G] its frozen output, both in the compute dtype; the linears of the
  /// group lie next to each other in G in the order of LinearGroupSpec::linears. Differentiable with respect to u, y
  /// and the adapter's parameters when gradients are enabled.
  virtual at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const = 0;  // [N, G]
};

}  // namespace phatgoose
