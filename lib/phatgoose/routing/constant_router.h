// The router without preference: every competitor scores 0, so that the number of experts taken, the enabled ones, and
// what is known of rows and tokens decide (METHODS 4: uniform, single, retrieval, token-oracle).
#pragma once

#include <memory>

#include "phatgoose/routing/router.h"

namespace phatgoose {

class ConstantRouter : public Router {
 public:
  explicit ConstantRouter(std::int64_t competitors) : competitors_(competitors) {}
  at::Tensor scores(const at::Tensor& u, const Pass& pass) const override;  // [N, S]

 private:
  std::int64_t competitors_;
};

std::unique_ptr<Router> make_constant_router(const RouterInputs& inputs);

}  // namespace phatgoose
