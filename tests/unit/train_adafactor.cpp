#include "phatgoose/train/adafactor.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <cmath>

namespace phatgoose {
namespace {

using Numbers = std::vector<double>;

double root_mean_square_of(const Numbers& values) {
  double sum = 0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum / static_cast<double>(values.size()));
}

/// Adafactor on one matrix, or on a vector (columns 0), written out (Shazeer & Stern 2018, algorithms 4 and 5).
struct HandAdafactor {
  AdafactorSettings settings;
  std::size_t rows, columns;
  Numbers value, row_means = Numbers(rows), column_means = Numbers(columns);
  int updates = 0;

  double square_estimate(std::size_t i) const {
    if (columns == 0) return row_means[i];
    double mean = 0;
    for (const double row : row_means) mean += row / static_cast<double>(rows);
    return row_means[i / columns] * column_means[i % columns] / mean;
  }

  void update(const Numbers& gradient, double lr) {
    const double past = 1 - std::pow(++updates, -0.8);
    const std::size_t width = std::max<std::size_t>(columns, 1);
    for (double& mean : row_means) mean *= past;
    for (double& mean : column_means) mean *= past;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      const double share = (1 - past) * (gradient[i] * gradient[i] + 1e-30);
      row_means[i / width] += share / static_cast<double>(width);
      if (columns > 0) column_means[i % width] += share / static_cast<double>(rows);
    }
    Numbers step;
    for (std::size_t i = 0; i < gradient.size(); ++i) step.push_back(gradient[i] / std::sqrt(square_estimate(i)));
    const double size = std::max(1.0, root_mean_square_of(step));
    const double rate = settings.scale_parameter ? lr * std::max(1e-3, root_mean_square_of(value)) : lr;
    for (std::size_t i = 0; i < value.size(); ++i) {
      value[i] -= rate * settings.weight_decay * value[i];
      value[i] -= rate * step[i] / size;
    }
  }
};

at::Tensor leaf_of(const Numbers& values, at::IntArrayRef shape) {
  return at::tensor(values).to(at::kFloat).reshape(shape).clone().requires_grad_(true);
}

Numbers numbers_in(const at::Tensor& tensor) {
  const at::Tensor flat = tensor.detach().to(at::kDouble).flatten().contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

TEST_CASE("Adafactor agrees with a computation by hand") {
  const bool scaled = GENERATE(false, true), matrix = GENERATE(false, true);
  CAPTURE(scaled, matrix);
  const AdafactorSettings settings{.scale_parameter = scaled, .weight_decay = 0.1};
  const Numbers start = {1.5, -2.0, 0.25, 4.0, -0.5, 1.0};
  const at::Tensor weight = leaf_of(start, matrix ? at::IntArrayRef{2, 3} : at::IntArrayRef{6});
  Adafactor optimizer({{.name = "w", .leaf = weight, .lr_scale = 0.5}}, settings);
  HandAdafactor by_hand{settings, matrix ? 2U : 6U, matrix ? 3U : 0U, start};
  const Numbers rates = {0.0, 0.1, 0.2, 0.05};
  for (std::size_t i = 0; i < rates.size(); ++i) {
    CAPTURE(i);
    Numbers gradient = {0.3, -1, 0.01, 0, 5, -0.2};
    for (double& entry : gradient) entry *= std::pow(-3.0, static_cast<double>(i));
    optimizer.zero_gradients();
    weight.mutable_grad().copy_(leaf_of(gradient, weight.sizes()).detach());
    optimizer.update(rates[i]);
    by_hand.update(gradient, rates[i] * 0.5);
    const Numbers found = numbers_in(weight);
    for (std::size_t j = 0; j < found.size(); ++j) CHECK(found[j] == Approx(by_hand.value[j]).epsilon(1e-5));
  }
}

TEST_CASE("Adafactor keeps means over the last two axes, or of every entry of a vector") {
  const at::Tensor factors = at::randn({2, 3, 4, 5}).requires_grad_(true), vector = at::randn({7}).requires_grad_(true);
  Adafactor optimizer({{.name = "f", .leaf = factors}, {.name = "v", .leaf = vector}}, {});
  const auto state = optimizer.state();
  REQUIRE(state.size() == 3);
  CHECK(state[0].first == "row_mean.f");
  CHECK(state[0].second.sizes() == at::IntArrayRef{2, 3, 4});
  CHECK(state[1].first == "column_mean.f");
  CHECK(state[1].second.sizes() == at::IntArrayRef{2, 3, 5});
  CHECK(state[2].first == "square_mean.v");
  CHECK(state[2].second.sizes() == at::IntArrayRef{7});
}

TEST_CASE("rows of one leaf are as if each part were a leaf of its own") {
  at::manual_seed(5);
  const at::Tensor fused = at::randn({5, 3}).requires_grad_(true);
  const at::Tensor upper = fused.detach().narrow(0, 0, 2).clone().requires_grad_(true);
  const at::Tensor lower = fused.detach().narrow(0, 2, 3).clone().mul_(100).requires_grad_(true);
  fused.detach().narrow(0, 2, 3).mul_(100);
  const AdafactorSettings settings{.scale_parameter = true};
  Adafactor parts({{.name = "upper", .leaf = fused, .first_row = 0, .rows = 2},
                   {.name = "lower", .leaf = fused, .first_row = 2, .rows = 3, .lr_scale = 0.5}},
                  settings);
  Adafactor apart({{.name = "upper", .leaf = upper}, {.name = "lower", .leaf = lower, .lr_scale = 0.5}}, settings);
  for (int step = 0; step < 3; ++step) {
    const at::Tensor gradient = at::randn({5, 3});
    parts.zero_gradients();
    apart.zero_gradients();
    fused.mutable_grad().copy_(gradient);
    upper.mutable_grad().copy_(gradient.narrow(0, 0, 2));
    lower.mutable_grad().copy_(gradient.narrow(0, 2, 3));
    parts.update(0.1);
    apart.update(0.1);
    CHECK(fused.detach().equal(at::cat({upper.detach(), lower.detach()})));
  }
}

TEST_CASE("a parameter without a gradient stays where it is, and its means stay finite") {
  const at::Tensor weight = at::ones({3, 4}).requires_grad_(true);
  Adafactor optimizer({{.name = "w", .leaf = weight}}, {});
  optimizer.zero_gradients();
  optimizer.update(0.5);
  optimizer.update(0.5);
  CHECK(weight.detach().equal(at::ones({3, 4})));
  for (const auto& [name, mean] : optimizer.state()) CHECK(mean.isfinite().all().item<bool>());
}

TEST_CASE("Adafactor moves a parameter that is zero") {
  const bool scaled = GENERATE(false, true);
  const at::Tensor weight = at::zeros({2, 2}).requires_grad_(true);
  Adafactor optimizer({{.name = "w", .leaf = weight}}, {.scale_parameter = scaled});
  optimizer.zero_gradients();
  weight.mutable_grad().fill_(7);
  optimizer.update(0.5);
  CHECK(weight[0][0].item<double>() == Approx(scaled ? -0.5e-3 : -0.5).epsilon(1e-5));
}

TEST_CASE("Adafactor has the same bits on any number of threads") {
  const int threads = at::get_num_threads();
  const auto trained = [&](int count) {
    at::set_num_threads(count);
    at::manual_seed(6);
    const at::Tensor factors = at::randn({2, 3, 700, 100}).requires_grad_(true);
    const at::Tensor vector = at::randn({100'000}).requires_grad_(true);
    Adafactor optimizer({{.name = "f", .leaf = factors}, {.name = "v", .leaf = vector}}, {.scale_parameter = true});
    for (int step = 0; step < 2; ++step) {
      optimizer.zero_gradients();
      factors.mutable_grad().copy_(at::randn(factors.sizes()));
      vector.mutable_grad().copy_(at::randn(vector.sizes()));
      optimizer.update(0.1);
    }
    return std::pair(factors.detach(), vector.detach());
  };
  const auto [factors, vector] = trained(1);
  for (const int count : {2, 3}) {
    const auto [same_factors, same_vector] = trained(count);
    CHECK(factors.equal(same_factors));
    CHECK(vector.equal(same_vector));
  }
  at::set_num_threads(threads);
}

}  // namespace
}  // namespace phatgoose
