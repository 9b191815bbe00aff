// The networks of task routers against direct formulas in fp64 (METHODS 8).
#include "phatgoose/task_moe/task_router.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <catch2/catch.hpp>
#include <cmath>

namespace phatgoose {
namespace {

TaskMoeShape router_shape(TaskRouterKind kind) {
  return {
      .layers = {"encoder.block.0", "encoder.block.1", "decoder.block.0"}, .copies = 2, .router = kind, .dimension = 8};
}

/// A router with parameters large enough to tell formulas apart, biases and norms included.
TaskRouter loud_router(TaskRouterKind kind) {
  const at::NoGradGuard no_grad;
  at::manual_seed(11);
  TaskRouter router = TaskRouter::initial(router_shape(kind), 3, at::kDouble);
  for (const auto& [name, tensor] : router.tensors()) tensor.add_(at::randn(tensor.sizes(), at::kDouble), 0.3);
  return router;
}

at::Tensor some_vectors() {
  at::manual_seed(12);
  return at::randn({4, 8}, at::kDouble);  // [T, d]
}

using Row = std::vector<double>;

Row row_of(const at::Tensor& x) { return {x.const_data_ptr<double>(), x.const_data_ptr<double>() + x.numel()}; }

/// W x + b by loops.
Row affine(const at::Tensor& weight, const at::Tensor& bias, const Row& x) {
  Row y = row_of(bias.contiguous());
  const Row w = row_of(weight.contiguous());
  for (std::size_t i = 0; i < y.size(); ++i) {
    for (std::size_t j = 0; j < x.size(); ++j) y[i] += w[i * x.size() + j] * x[j];
  }
  return y;
}

double exact_gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }

double sigmoid_of(double x) { return 1 / (1 + std::exp(-x)); }

Row plus(const Row& x, const Row& y) {
  Row sum = x;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += y[i];
  return sum;
}

Row layer_normed(const Row& x, const at::Tensor& weight, const at::Tensor& bias) {
  double mean = 0, variance = 0;
  for (const double value : x) mean += value / static_cast<double>(x.size());
  for (const double value : x) variance += (value - mean) * (value - mean) / static_cast<double>(x.size());
  Row y = x;
  for (std::size_t i = 0; i < y.size(); ++i) {
    y[i] = (x[i] - mean) / std::sqrt(variance + 1e-5) * row_of(weight)[i] + row_of(bias)[i];
  }
  return y;
}

/// Checks the logits of one layer of one task.
void check_logits(const at::Tensor& found, const Row& expected) {  // [m]
  REQUIRE(found.numel() == std::ssize(expected));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    CHECK(found[static_cast<std::int64_t>(i)].item<double>() == Approx(expected[i]).margin(1e-10));
  }
}

}  // namespace

TEST_CASE("a linear router is one network to the logits of all layers") {
  const TaskRouter router = loud_router(TaskRouterKind::linear);
  const at::Tensor vectors = some_vectors(), logits = router.logits(vectors);
  const RouterTensors& p = router.tensors();
  for (std::int64_t task = 0; task < 4; ++task) {
    Row hidden = affine(p.at("hidden.weight"), p.at("hidden.bias"), row_of(vectors[task]));
    for (double& value : hidden) value = exact_gelu(value);
    check_logits(logits[task].flatten(), affine(p.at("output.weight"), p.at("output.bias"), hidden));
  }
}

TEST_CASE("a linear router per layer is a network for each") {
  const TaskRouter router = loud_router(TaskRouterKind::linear_per_layer);
  const at::Tensor vectors = some_vectors(), logits = router.logits(vectors);
  const RouterTensors& p = router.tensors();
  for (std::int64_t task = 0; task < 4; ++task) {
    for (std::int64_t layer = 0; layer < 3; ++layer) {
      Row hidden = affine(p.at("hidden.weight")[layer], p.at("hidden.bias")[layer], row_of(vectors[task]));
      for (double& value : hidden) value = exact_gelu(value);
      check_logits(logits[task][layer], affine(p.at("output.weight")[layer], p.at("output.bias")[layer], hidden));
    }
  }
}

TEST_CASE("an LSTM router reads the layers in both directions") {
  const TaskRouter router = loud_router(TaskRouterKind::lstm);
  const at::Tensor vectors = some_vectors(), logits = router.logits(vectors);
  const RouterTensors& p = router.tensors();
  const auto states = [&](const std::string& direction, std::int64_t task) {
    std::vector<Row> of_layers(3);
    Row hidden(kTaskRouterHidden, 0), cell(kTaskRouterHidden, 0);
    for (std::int64_t i = 0; i < 3; ++i) {
      const std::int64_t layer = direction == "forward" ? i : 2 - i;
      const Row x = plus(row_of(vectors[task]), row_of(p.at("position.weight")[layer]));
      const Row gates = plus(affine(p.at(direction + ".input.weight"), p.at(direction + ".input.bias"), x),
                             affine(p.at(direction + ".hidden.weight"), p.at(direction + ".hidden.bias"), hidden));
      for (std::size_t h = 0; h < hidden.size(); ++h) {
        const std::size_t n = hidden.size();
        cell[h] = sigmoid_of(gates[n + h]) * cell[h] + sigmoid_of(gates[h]) * std::tanh(gates[2 * n + h]);
        hidden[h] = sigmoid_of(gates[3 * n + h]) * std::tanh(cell[h]);
      }
      of_layers[static_cast<std::size_t>(layer)] = hidden;
    }
    return of_layers;
  };
  for (std::int64_t task = 0; task < 4; ++task) {
    const auto forward = states("forward", task), backward = states("backward", task);
    for (std::size_t layer = 0; layer < 3; ++layer) {
      Row both = forward[layer];
      both.insert(both.end(), backward[layer].begin(), backward[layer].end());
      check_logits(logits[task][static_cast<std::int64_t>(layer)],
                   affine(p.at("output.weight"), p.at("output.bias"), both));
    }
  }
}

TEST_CASE("a transformer router is one post-norm encoder layer of four heads over the layers") {
  const TaskRouter router = loud_router(TaskRouterKind::transformer);
  const at::Tensor vectors = some_vectors(), logits = router.logits(vectors);
  const RouterTensors& p = router.tensors();
  const std::size_t d = 8, heads = 4, size = d / heads;
  for (std::int64_t task = 0; task < 4; ++task) {
    std::vector<Row> x, qkv;
    for (std::int64_t layer = 0; layer < 3; ++layer) {
      x.push_back(plus(row_of(vectors[task]), row_of(p.at("position.weight")[layer])));
      qkv.push_back(affine(p.at("attention.input.weight"), p.at("attention.input.bias"), x.back()));
    }
    for (std::size_t query = 0; query < 3; ++query) {
      Row mixed(d, 0);
      for (std::size_t head = 0; head < heads; ++head) {
        Row weights(3, 0);
        double sum = 0;
        for (std::size_t key = 0; key < 3; ++key) {
          double score = 0;
          for (std::size_t i = head * size; i < (head + 1) * size; ++i) score += qkv[query][i] * qkv[key][d + i];
          sum += weights[key] = std::exp(score / std::sqrt(static_cast<double>(size)));
        }
        for (std::size_t key = 0; key < 3; ++key) {
          for (std::size_t i = head * size; i < (head + 1) * size; ++i)
            mixed[i] += weights[key] / sum * qkv[key][2 * d + i];
        }
      }
      const Row attended =
          layer_normed(plus(x[query], affine(p.at("attention.output.weight"), p.at("attention.output.bias"), mixed)),
                       p.at("attention.norm.weight"), p.at("attention.norm.bias"));
      Row inner = affine(p.at("feed_forward.input.weight"), p.at("feed_forward.input.bias"), attended);
      for (double& value : inner) value = std::max(value, 0.0);
      const Row fed = layer_normed(
          plus(attended, affine(p.at("feed_forward.output.weight"), p.at("feed_forward.output.bias"), inner)),
          p.at("feed_forward.norm.weight"), p.at("feed_forward.norm.bias"));
      check_logits(logits[task][static_cast<std::int64_t>(query)],
                   affine(p.at("output.weight"), p.at("output.bias"), fed));
    }
  }
}

TEST_CASE("routers are differentiable in the vectors and in every parameter") {
  const auto kind = GENERATE(TaskRouterKind::linear, TaskRouterKind::linear_per_layer, TaskRouterKind::lstm,
                             TaskRouterKind::transformer);
  CAPTURE(name_of(kind));
  const TaskRouter router = loud_router(kind);
  at::manual_seed(13);
  const at::Tensor vectors = some_vectors().requires_grad_(), direction = at::randn({4, 3, 2}, at::kDouble);
  RouterTensors leaves = router.tensors();
  leaves.emplace("vectors", vectors);
  for (const auto& [name, leaf] : leaves) leaf.set_requires_grad(true);
  const auto loss = [&] { return (router.logits(vectors) * direction).sum(); };
  loss().backward();
  const at::NoGradGuard no_grad;
  for (const auto& [name, leaf] : leaves) {
    CAPTURE(name);
    const at::Tensor toward = at::randn(leaf.sizes(), at::kDouble), values = leaf.detach();
    const double step = 1e-5;
    values.add_(toward, step);
    const double up = loss().item<double>();
    values.sub_(toward, 2 * step);
    const double slope = (up - loss().item<double>()) / (2 * step);
    values.add_(toward, step);
    CHECK((leaf.grad() * toward).sum().item<double>() == Approx(slope).epsilon(1e-6).margin(1e-8));
  }
}

TEST_CASE("the noise of a transformer router is drawn by step and task, whatever tasks are computed together") {
  const TaskRouter router = TaskRouter::initial(router_shape(TaskRouterKind::transformer), 3, at::kFloat);
  const at::NoGradGuard no_grad;
  const at::Tensor vectors = some_vectors().to(at::kFloat);
  const Dropout all(0.1, 5, 2, {0, 1, 2, 3}), some(0.1, 5, 2, {3, 1}), later(0.1, 5, 3, {3, 1});
  const at::Tensor two = vectors.index_select(0, at::tensor({3, 1}, at::kLong));
  const at::Tensor noisy = router.logits(vectors, &all);
  CHECK(at::allclose(router.logits(two, &some), noisy.index_select(0, at::tensor({3, 1}, at::kLong)), 1e-5, 1e-7));
  CHECK_FALSE(at::allclose(router.logits(two, &later), router.logits(two, &some), 1e-4, 1e-6));
  CHECK_FALSE(at::allclose(router.logits(vectors), noisy, 1e-4, 1e-6));
}

TEST_CASE("weights begin small, biases at 0, norms at 1, by the seed alone") {
  const auto make = [](std::uint64_t seed) {
    return TaskRouter::initial(router_shape(TaskRouterKind::transformer), seed, at::kFloat);
  };
  const TaskRouter router = make(3), same = make(3), other = make(4);
  for (const auto& [name, tensor] : router.tensors()) {
    CAPTURE(name);
    CHECK(tensor.equal(same.tensors().at(name)));
    if (name.ends_with(".bias")) {
      CHECK(tensor.abs().max().item<double>() == 0);
    } else if (name.ends_with("norm.weight")) {
      CHECK(tensor.equal(at::ones_like(tensor)));
    } else {
      CHECK_FALSE(tensor.equal(other.tensors().at(name)));
      CHECK(tensor.std().item<double>() == Approx(0.02).epsilon(0.6));
    }
  }
}

}  // namespace phatgoose
