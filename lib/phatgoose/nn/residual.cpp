#include "phatgoose/nn/residual.h"

#include <ATen/ATen.h>

namespace phatgoose {

at::Tensor add_residual(const at::Tensor& x, at::Tensor update, const Pass& pass, std::uint32_t site) {
  update = with_dropout(update, pass, site);
  return update.add_(x);  // no operation before keeps its own output for the backward pass
}

}  // namespace phatgoose
