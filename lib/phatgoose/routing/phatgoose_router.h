// PHATGOOSE's scores (METHODS 3.3): s_e = LN(u) . LN(v_e) / sqrt(in), computed as rstd(u) (u . LN(v_e)) / sqrt(in),
// since LN(v_e) sums to 0.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "phatgoose/nn/frozen_linear.h"
#include "phatgoose/routing/router.h"

namespace phatgoose {

/// Any prototypes compared with tokens by LN . LN: the trained gates here.
class PhatgooseRouter : public Router {
 public:
  /// `prototypes` [S, in]: v_e of every competitor, any floating type. Normalised once, in fp64.
  explicit PhatgooseRouter(const at::Tensor& prototypes);
  at::Tensor scores(const at::Tensor& u, const Pass& pass) const override;  // [N, S]

 private:
  FrozenWeight directions_;  // [S, in] fp32: LN(v_e) / sqrt(in)
};

/// Prototypes are the experts' gates (PHATGOOSE) or their mean inputs (average activation).
std::unique_ptr<Router> make_phatgoose_router(const RouterInputs& inputs);

/// 1 / sqrt(var(u) + 1e-5) of every row, fp32.
at::Tensor reciprocal_deviation(const at::Tensor& u);  // [N, in] -> [N, 1]

}  // namespace phatgoose
