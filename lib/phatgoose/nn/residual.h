// Residual connections and the dropout before them.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/nn/pass.h"

namespace phatgoose {

/// dropout(x) where the pass has dropout, otherwise x itself.
inline at::Tensor with_dropout(const at::Tensor& x, const Pass& pass, std::uint32_t site) {
  return pass.dropout ? pass.dropout->apply(x, pass.packing, site) : x;
}

/// x + dropout(update) [N, D]; `update` is the caller's to overwrite.
inline at::Tensor add_residual(const at::Tensor& x, const at::Tensor& update, const Pass& pass, std::uint32_t site) {
  return with_dropout(update, pass, site).add_(x);  // no operation before keeps its own output for the backward pass
}

}  // namespace phatgoose
