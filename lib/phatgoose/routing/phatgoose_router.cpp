#include "phatgoose/routing/phatgoose_router.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <cmath>

#include "phatgoose/routing/segment_kernels.h"

namespace phatgoose {
namespace {

constexpr double kEpsilon = 1e-5;
constexpr std::int64_t kDeviationRowsPerTask = 64;

}  // namespace

PhatgooseRouter::PhatgooseRouter(const at::Tensor& prototypes) {
  const at::Tensor v = prototypes.to(at::kDouble);  // [S, in]
  const at::Tensor centred = v - v.mean(1, true);
  const at::Tensor deviation = (centred.square().mean(1, true) + kEpsilon).sqrt();
  const double root_in = std::sqrt(static_cast<double>(v.size(1)));
  directions_ = FrozenWeight((centred / deviation / root_in).to(at::kFloat));
  directions_.pack();
}

at::Tensor PhatgooseRouter::scores(const at::Tensor& u, const Pass& /*pass*/) const {
  const at::Tensor input = u.to(at::kFloat);  // [N, in]
  return directions_.forward(input).mul_(reciprocal_deviation(input));
}

at::Tensor reciprocal_deviation(const at::Tensor& u) {
  if (!u.is_cpu()) return at::rsqrt(at::var(u.to(at::kFloat), at::IntArrayRef{1}, 0, true) + kEpsilon);
  const at::Tensor input = u.to(at::kFloat).contiguous();
  const at::Tensor result = at::empty({u.size(0), 1}, at::kFloat);
  const std::int64_t in = u.size(1);
  const float* rows = input.const_data_ptr<float>();
  float* values = result.mutable_data_ptr<float>();
  at::parallel_for(0, u.size(0), kDeviationRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    segment_kernels().rstd({rows + begin * in, in}, end - begin, in, values + begin);
  });
  return result;
}

std::unique_ptr<Router> make_phatgoose_router(const RouterInputs& inputs) {
  return std::make_unique<PhatgooseRouter>(gather_prototypes(inputs));
}

}  // namespace phatgoose
