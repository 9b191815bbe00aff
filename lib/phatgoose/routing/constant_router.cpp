#include "phatgoose/routing/constant_router.h"

#include <ATen/ATen.h>

namespace phatgoose {

at::Tensor ConstantRouter::scores(const at::Tensor& u, const Pass& /*pass*/) const {
  return at::zeros({u.size(0), competitors_}, at::TensorOptions(u.device()).dtype(at::kFloat));
}

std::unique_ptr<Router> make_constant_router(const RouterInputs& inputs) {
  return std::make_unique<ConstantRouter>(static_cast<std::int64_t>(inputs.competitors.size()));
}

}  // namespace phatgoose
