// Products with weights that do not change, by the fastest kernel at hand.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/nn/shapes.h"

namespace phatgoose {

/// u W^T without gradients: u [N, in], weight [out, in] (any strides) -> [N, out]. On the CPU in fp32 this is oneDNN,
/// which keeps to AVX-512 where MKL does not and needs no copy of the weight; elsewhere at::linear.
at::Tensor linear_without_gradient(const at::Tensor& u, const at::Tensor& weight);

/// A weight that is only read: u W^T differentiable with respect to u. May be packed into the kernel's own layout,
/// which makes small batches up to twice as fast; the plain layout is then given up, so that the weight is held once.
class FrozenWeight {
 public:
  FrozenWeight() = default;
  /// weight [out, in]. Where it requires a gradient (a base in training) the product is differentiable in it too.
  explicit FrozenWeight(at::Tensor weight) : plain_(std::move(weight)) {}

  bool defined() const { return plain_.defined() || packed_.defined(); }
  at::Tensor forward(const at::Tensor& u) const;  // [N, in] -> [N, out]

  /// Packs where that helps (CPU, fp32, oneDNN present); no gradients after that.
  void pack();
  std::int64_t out() const { return (packed_.defined() ? packed_ : plain_).size(0); }
  bool is_packed() const { return packed_.defined(); }
  /// The weight itself, or a plain copy of a packed one.
  at::Tensor dense() const;  // [out, in]

 private:
  at::Tensor plain_, packed_;
};

}  // namespace phatgoose
