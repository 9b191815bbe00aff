// Arrow's scores (arXiv 2405.11157; METHODS 4): s_e = |u . v_e|, v_e the top right singular vector of B_e A_e.
#pragma once

#include <memory>

#include "phatgoose/nn/frozen_linear.h"
#include "phatgoose/routing/router.h"

namespace phatgoose {

class ArrowRouter : public Router {
 public:
  /// `directions` [S, in] fp32, as they are: neither centred nor scaled.
  explicit ArrowRouter(at::Tensor directions);
  at::Tensor scores(const at::Tensor& u, const Pass& pass) const override;  // [N, S]

 private:
  FrozenWeight directions_;
};

std::unique_ptr<Router> make_arrow_router(const RouterInputs& inputs);

/// Top right singular vector of B A, of length 1, fp32; its sign is arbitrary. Exact: through QR of both factors and
/// the SVD of an R x R matrix, in fp64. `a` [R, in], `b` [out, R].
at::Tensor arrow_direction(const at::Tensor& a, const at::Tensor& b);  // [in]

}  // namespace phatgoose
