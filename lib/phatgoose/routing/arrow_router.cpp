#include "phatgoose/routing/arrow_router.h"

#include <ATen/ATen.h>

namespace phatgoose {

ArrowRouter::ArrowRouter(at::Tensor directions) : directions_(std::move(directions)) { directions_.pack(); }

at::Tensor ArrowRouter::scores(const at::Tensor& u, const Pass& /*pass*/) const {
  return directions_.forward(u.to(at::kFloat)).abs_();
}

std::unique_ptr<Router> make_arrow_router(const RouterInputs& inputs) {
  return std::make_unique<ArrowRouter>(gather_prototypes(inputs));
}

at::Tensor arrow_direction(const at::Tensor& a, const at::Tensor& b) {
  // A^T = Q_a R_a and B = Q_b R_b: B A = Q_b (R_b R_a^T) Q_a^T, whose right singular vectors are Q_a times those of the
  // small matrix in the middle.
  const auto [q_a, r_a] = at::linalg_qr(a.to(at::kCPU, at::kDouble).t());  // [in, R], [R, R]
  const auto [q_b, r_b] = at::linalg_qr(b.to(at::kCPU, at::kDouble));      // [out, R], [R, R]
  const auto [left, values, right] = at::linalg_svd(at::mm(r_b, r_a.t()), false);
  return at::mv(q_a, right[0]).to(at::kFloat);
}

}  // namespace phatgoose
