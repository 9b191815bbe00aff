#include "phatgoose/bench/timing.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <limits>

#include "phatgoose/nn/frozen_linear.h"

namespace phatgoose {

double seconds_of(const std::function<void()>& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

double best_seconds(std::int64_t repeats, const std::function<void()>& work) {
  work();
  double best = std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < repeats; ++i) best = std::min(best, seconds_of(work));
  return best;
}

double gemm_peak(at::Device device, at::ScalarType dtype) {
  constexpr std::int64_t kSize = 1536;
  constexpr std::int64_t kRepeats = 10;
  const auto options = at::TensorOptions(device).dtype(dtype);
  const at::NoGradGuard no_grad;
  const at::Tensor a = at::ones({kSize, kSize}, options), b = at::ones({kSize, kSize}, options);
  const auto seconds_with = [&](at::Tensor (*product)(const at::Tensor&, const at::Tensor&)) {
    return best_seconds(kRepeats, [&] { product(a, b)[0][0].item(); });  // item() waits for an accelerator
  };
  const double blas = seconds_with([](const at::Tensor& x, const at::Tensor& y) { return at::mm(x, y.t()); });
  const double seconds = std::min(blas, seconds_with(&linear_without_gradient));
  return 2.0 * kSize * kSize * kSize / seconds;
}

}  // namespace phatgoose
