// A small adapter that measures: the squared gradient of its weight matrices, one example at a time (METHODS 8).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "phatgoose/nn/adapter.h"

namespace phatgoose {

/// A bottleneck adapter (arXiv 1902.00751) on the output y [N, D] of a linear group: y + up gelu(down y). The backward
/// pass gives y its gradient, and adds to the sums, for each row of the pass, the squares of the gradient that this row
/// alone has: with g [n, D] that of the row's outputs, h = gelu(down y), a = down y, t = g up * gelu'(a),
///   d up = g^T h    d down = t^T y
/// so that one pass over many rows measures what a pass for each would. The loss must be a sum over the rows. The
/// adapter's products are in the type of its weights.
class FisherProbe : public Adapter {
 public:
  /// down [r, D], up [D, r], which the adapter keeps.
  FisherProbe(at::Tensor down, at::Tensor up);
  /// `width` r; every weight is drawn from N(0, 0.02^2), a function of (seed, name) only. fp32 on `device`.
  static FisherProbe drawn(std::int64_t width, std::int64_t size, std::uint64_t seed, const std::string& name,
                           at::Device device);

  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const override;  // [N, D]

  /// Of the rows since they were last zeroed, fp64: the squares for down [r, D], and for up [D, r].
  const at::Tensor& down_sum() const { return down_sum_; }
  const at::Tensor& up_sum() const { return up_sum_; }
  void zero_sums();

 private:
  at::Tensor down_, up_;
  at::Tensor down_sum_, up_sum_;
};

}  // namespace phatgoose
