#include "phatgoose/train/adamw.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

namespace phatgoose {
namespace {

at::Tensor leaf(std::vector<float> values, at::IntArrayRef shape) {
  return at::tensor(values).reshape(shape).clone().requires_grad_(true);
}

/// AdamW on one number, written out (Loshchilov & Hutter 2019, algorithm 2).
struct HandAdamW {
  AdamWSettings settings;
  double value, first = 0, second = 0;
  int updates = 0;

  void update(double gradient, double lr) {
    ++updates;
    first = settings.beta1 * first + (1 - settings.beta1) * gradient;
    second = settings.beta2 * second + (1 - settings.beta2) * gradient * gradient;
    value -= lr * settings.weight_decay * value;
    const double corrected_first = first / (1 - std::pow(settings.beta1, updates));
    const double corrected_second = second / (1 - std::pow(settings.beta2, updates));
    value -= lr * corrected_first / (std::sqrt(corrected_second) + settings.epsilon);
  }
};

TEST_CASE("AdamW agrees with a computation by hand") {
  const AdamWSettings settings{.beta1 = 0.8, .beta2 = 0.95, .weight_decay = 0.1};
  const at::Tensor weight = leaf({1.5F, -2.0F}, {2});
  AdamW optimizer({{.name = "w", .leaf = weight}}, settings);
  HandAdamW a{settings, 1.5}, b{settings, -2.0};
  const std::vector<double> rates = {0.0, 0.1, 0.2, 0.05};
  for (std::size_t i = 0; i < rates.size(); ++i) {
    optimizer.zero_gradients();
    const double x = 0.3 * static_cast<double>(i + 1), y = -1.0 / static_cast<double>(i + 1);
    (weight * at::tensor({x, y}, at::kFloat)).sum().backward();
    optimizer.update(rates[i]);
    a.update(x, rates[i]);
    b.update(y, rates[i]);
    CHECK(weight[0].item<double>() == Approx(a.value).epsilon(1e-6));
    CHECK(weight[1].item<double>() == Approx(b.value).epsilon(1e-6));
  }
  CHECK(optimizer.updates() == 4);
}

TEST_CASE("a step of rate 0 leaves the values and updates the moments") {
  const at::Tensor weight = leaf({1.0F}, {1});
  AdamW optimizer({{.name = "w", .leaf = weight}}, {});
  optimizer.zero_gradients();
  (weight * 2).sum().backward();
  optimizer.update(0.0);
  CHECK(weight.item<float>() == 1.0F);
  REQUIRE(optimizer.state().size() == 2);
  CHECK(optimizer.state()[0].first == "first_moment.w");
  CHECK(optimizer.state()[0].second.item<double>() == Approx(0.2));
  CHECK(optimizer.state()[1].second.item<double>() == Approx(0.004));
}

TEST_CASE("rows of one leaf have learning rates of their own") {
  const at::Tensor weight = leaf({1, 1, 1, 1}, {2, 2});
  AdamW optimizer({{.name = "upper", .leaf = weight, .first_row = 0, .rows = 1, .lr_scale = 0.125},
                   {.name = "lower", .leaf = weight, .first_row = 1, .rows = 1}},
                  {});
  optimizer.zero_gradients();
  weight.sum().backward();
  optimizer.update(0.1);
  // The first update of Adam is lr * sign(gradient).
  CHECK(weight[0][1].item<double>() == Approx(1 - 0.0125).epsilon(1e-5));
  CHECK(weight[1][0].item<double>() == Approx(1 - 0.1).epsilon(1e-5));
}

TEST_CASE("weight decay passes over parameters that have none") {
  const at::Tensor weight = leaf({1, 1}, {2}), bias = leaf({1, 1}, {2});
  AdamW optimizer({{.name = "weight", .leaf = weight}, {.name = "bias", .leaf = bias, .decays = false}},
                  {.weight_decay = 0.5});
  optimizer.zero_gradients();
  optimizer.update(0.1);
  CHECK(weight[0].item<double>() == Approx(0.95));
  CHECK(bias[0].item<double>() == 1);
}

TEST_CASE("gradients are clipped by their joint norm") {
  const at::Tensor a = leaf({0, 0}, {2}), b = leaf({0}, {1});
  AdamW optimizer({{.name = "a", .leaf = a}, {.name = "b", .leaf = b}}, {});
  const auto set_gradients = [&] {
    optimizer.zero_gradients();
    ((a * at::tensor({3.0F, 0.0F})).sum() + (b * 4).sum()).backward();
  };
  set_gradients();
  CHECK(optimizer.clip_gradients(10) == Approx(5));
  CHECK(a.grad()[0].item<double>() == 3);
  CHECK(optimizer.clip_gradients(1) == Approx(5));
  CHECK(a.grad()[0].item<double>() == Approx(0.6).epsilon(1e-5));
  CHECK(b.grad()[0].item<double>() == Approx(0.8).epsilon(1e-5));
  set_gradients();
  CHECK(optimizer.clip_gradients(0) == Approx(5));
  CHECK(b.grad()[0].item<double>() == 4);
}

TEST_CASE("a parameter that the loss does not reach has a gradient of zeros") {
  const at::Tensor used = leaf({1}, {1}), unused = leaf({1}, {1});
  AdamW optimizer({{.name = "used", .leaf = used}, {.name = "unused", .leaf = unused}}, {});
  optimizer.zero_gradients();
  used.sum().backward();
  CHECK(optimizer.clip_gradients(1) == Approx(1));
  optimizer.update(0.5);
  CHECK(unused.item<float>() == 1.0F);
  CHECK(used.item<float>() == Approx(0.5));
}

}  // namespace
}  // namespace phatgoose
