// The squared gradients of a probe against finite differences, row by row, in fp64.
#include "phatgoose/adapters/fisher_probe.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

namespace phatgoose {
namespace {

constexpr std::int64_t kOutputs = 6, kWidth = 2;
const std::vector<std::int64_t> kLengths = {3, 1, 4};

/// y + up gelu(down y), element by element.
at::Tensor slow_output(const at::Tensor& y, const at::Tensor& down, const at::Tensor& up) {
  at::Tensor out = y.clone();
  for (std::int64_t n = 0; n < y.size(0); ++n) {
    for (std::int64_t r = 0; r < kWidth; ++r) {
      double a = 0;
      for (std::int64_t d = 0; d < kOutputs; ++d) a += down[r][d].item<double>() * y[n][d].item<double>();
      const double h = 0.5 * a * (1 + std::erf(a / std::sqrt(2.0)));
      for (std::int64_t d = 0; d < kOutputs; ++d) out[n][d] += up[d][r].item<double>() * h;
    }
  }
  return out;
}

/// The gradient of `f` with respect to the elements of `x`, which are moved and put back.
at::Tensor differences(const at::Tensor& x, const std::function<double()>& f) {
  constexpr double kStep = 1e-6;
  const at::Tensor gradient = at::zeros_like(x);
  double* values = x.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    const double value = values[i];
    values[i] = value + kStep;
    const double above = f();
    values[i] = value - kStep;
    const double below = f();
    values[i] = value;
    gradient.mutable_data_ptr<double>()[i] = (above - below) / (2 * kStep);
  }
  return gradient;
}

double largest(const at::Tensor& x) { return x.abs().max().item<double>(); }

}  // namespace

TEST_CASE("a probe adds up the squares of every row's own gradient") {
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor down = at::randn({kWidth, kOutputs}, options), up = at::randn({kOutputs, kWidth}, options);
  const at::Tensor y = at::randn({8, kOutputs}, options), direction = at::randn({8, kOutputs}, options);
  FisherProbe probe(down.clone(), up.clone());
  const Packing packing = Packing::of_lengths(kLengths);

  at::Tensor leaf = y.clone().requires_grad_();
  const at::Tensor out = probe.apply({}, leaf, {packing});
  {
    const at::NoGradGuard no_grad;
    CHECK(largest(out - slow_output(y, down, up)) < 1e-12);
  }
  (out * direction).sum().backward();

  const at::NoGradGuard no_grad;
  at::Tensor down_squares = at::zeros_like(down), up_squares = at::zeros_like(up);
  for (std::int64_t row = 0; row < packing.rows(); ++row) {
    const auto loss = [&] {
      const at::Tensor own = slow_output(y, down, up).narrow(0, packing.offset(row), packing.length(row));
      return (own * direction.narrow(0, packing.offset(row), packing.length(row))).sum().item<double>();
    };
    down_squares += differences(down, loss).square();
    up_squares += differences(up, loss).square();
  }
  CHECK(largest(probe.down_sum() - down_squares) < 1e-6 * largest(down_squares));
  CHECK(largest(probe.up_sum() - up_squares) < 1e-6 * largest(up_squares));
  const at::Tensor dy = differences(y, [&] { return (slow_output(y, down, up) * direction).sum().item<double>(); });
  CHECK(largest(leaf.grad() - dy) < 1e-6 * largest(dy));
  probe.zero_sums();
  CHECK(largest(probe.down_sum()) + largest(probe.up_sum()) == 0);
}

TEST_CASE("a probe measures where nothing before it asks for a gradient, and leaves its weights without one") {
  FisherProbe probe = FisherProbe::drawn(2, 6, 1, "m.o", at::kCPU);
  const Packing packing = Packing::of_lengths(kLengths);
  probe.apply({}, at::randn({8, 6}), {packing}).sum().backward();
  CHECK(largest(probe.down_sum()) > 0);
  CHECK(largest(probe.up_sum()) > 0);
}

TEST_CASE("the weights of a probe are a function of seed and name") {
  const Packing packing = Packing::of_lengths(kLengths);
  const at::Tensor y = at::randn({8, 6});
  const auto out = [&](std::uint64_t seed, const char* name) {
    return FisherProbe::drawn(2, 6, seed, name, at::kCPU).apply({}, y, {packing}).detach();
  };
  CHECK(at::equal(out(1, "m.o"), out(1, "m.o")));
  CHECK_FALSE(at::equal(out(1, "m.o"), out(2, "m.o")));
  CHECK_FALSE(at::equal(out(1, "m.o"), out(1, "m.wo")));
}

}  // namespace phatgoose
