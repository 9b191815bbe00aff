// Norm, feed-forward nonlinearity, loss and position buckets against plain formulas.
#include <ATen/ATen.h>
#include <catch2/catch.hpp>

#include <tuple>

#include "phatgoose/nn/activation.h"
#include "phatgoose/nn/cpu_kernels.h"
#include "phatgoose/nn/loss.h"
#include "phatgoose/nn/norm.h"
#include "phatgoose/nn/position_bias.h"

using namespace phatgoose;

namespace {

double largest_difference(const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); }

at::Tensor random_leaf(at::IntArrayRef shape) { return at::randn(shape).requires_grad_(); }

}  // namespace

TEST_CASE("RMSNorm and its gradients equal the formula, in fp32 and in the general form") {
  at::manual_seed(1);
  for (const at::ScalarType type : {at::kFloat, at::kDouble}) {
    const at::Tensor x = at::randn({7, 37}, type).requires_grad_(), weight = at::randn({37}, type).requires_grad_();
    const at::Tensor pick = at::randn({7, 37}, type);
    const at::Tensor expected = x * at::rsqrt(x.pow(2).mean(-1, true) + 1e-6) * weight;
    (expected * pick).sum().backward();
    const at::Tensor dx = x.grad().clone(), dw = weight.grad().clone();
    x.mutable_grad().reset();
    weight.mutable_grad().reset();
    const at::Tensor y = rms_norm(x, weight, 1e-6);
    CHECK(largest_difference(y, expected) < 1e-5);
    (y * pick).sum().backward();
    CHECK(largest_difference(x.grad(), dx) < 1e-5);
    CHECK(largest_difference(weight.grad(), dw) < 1e-4);
  }
}

TEST_CASE("gated GELU and its gradient equal the tanh form over the whole range") {
  at::manual_seed(2);
  const at::Tensor h = at::cat({at::linspace(-30, 30, 4003).view({1, -1}), at::randn({1, 4003})}, 1).requires_grad_();
  const at::Tensor gate = h.narrow(1, 0, 4003), linear = h.narrow(1, 4003, 4003);
  const at::Tensor expected = at::gelu(gate, "tanh") * linear;
  expected.sum().backward();
  const at::Tensor dh = h.grad().clone();
  h.mutable_grad().reset();
  const at::Tensor y = feed_forward_activation(h, FeedForwardKind::gated_gelu);
  CHECK(largest_difference(y, expected) < 4e-6 * expected.abs().max().item<double>());
  y.sum().backward();
  CHECK(largest_difference(h.grad(), dh) < 4e-6 * dh.abs().max().item<double>());
}

TEST_CASE("ReLU feed-forward") {
  const at::Tensor h = at::tensor({-1.0F, 2.0F}).view({1, 2});
  CHECK(feed_forward_activation(h, FeedForwardKind::relu).equal(at::tensor({0.0F, 2.0F}).view({1, 2})));
}

TEST_CASE("chunked cross-entropy and its gradients equal the plain one") {
  at::manual_seed(3);
  const std::int64_t rows = 150, vocabulary = 50'000;  // several chunks
  const at::Tensor hidden = at::randn({rows, 8}).mul_(0.5).requires_grad_(), head = random_leaf({vocabulary, 8});
  const at::Tensor targets = at::randint(vocabulary, {rows}, at::kLong);
  const auto plain_gradient = [&](at::ScalarType type) {  // and the loss
    const at::Tensor h = hidden.detach().to(type).requires_grad_(), w = head.detach().to(type).requires_grad_();
    const at::Tensor loss = at::cross_entropy_loss(h.matmul(w.t()), targets, {}, at::Reduction::Sum);
    (loss * 0.5).backward();
    return std::tuple(loss.item<double>(), h.grad(), w.grad());  // [], [N, D], [V, D]
  };
  const at::Tensor plain_dhidden = std::get<1>(plain_gradient(at::kFloat));
  const auto [exact_loss, exact_dhidden, exact_dhead] = plain_gradient(at::kDouble);
  const at::Tensor loss = cross_entropy_sum(hidden, FrozenWeight(head), targets);
  CHECK(loss.item<double>() == Approx(exact_loss).epsilon(1e-6));
  (loss * 0.5).backward();
  CHECK(largest_difference(hidden.grad(), plain_dhidden) < 1e-5);
  CHECK(largest_difference(head.grad(), exact_dhead) < 1e-5);
  // A sum over the vocabulary in fp32 rounds by more than that; the chunks must not add to it.
  CHECK(largest_difference(hidden.grad(), exact_dhidden) < 1.25 * largest_difference(plain_dhidden, exact_dhidden));
  const at::Tensor each = target_log_likelihoods(hidden, FrozenWeight(head), targets);
  CHECK(-each.sum().item<double>() == Approx(exact_loss).epsilon(1e-6));
}

TEST_CASE("cross-entropy with smoothed labels and its gradients equal the plain one") {
  at::manual_seed(3);
  const std::int64_t rows = 150, vocabulary = 50'000;
  const double smoothing = 0.1;
  const at::Tensor hidden = at::randn({rows, 8}).mul_(0.5).requires_grad_(), head = random_leaf({vocabulary, 8});
  const at::Tensor targets = at::randint(vocabulary, {rows}, at::kLong);
  const at::Tensor h = hidden.detach().to(at::kDouble).requires_grad_(),
                   w = head.detach().to(at::kDouble).requires_grad_();
  const at::Tensor p = at::log_softmax(h.matmul(w.t()), 1);  // [N, V]
  const at::Tensor exact = -(p.gather(1, targets.unsqueeze(1)).sum() * (1 - smoothing) +
                             p.sum() * (smoothing / static_cast<double>(vocabulary)));
  exact.backward();
  const at::Tensor loss = cross_entropy_sum(hidden, FrozenWeight(head), targets, smoothing);
  CHECK(loss.item<double>() == Approx(exact.item<double>()).epsilon(1e-6));
  loss.backward();
  CHECK(largest_difference(hidden.grad(), h.grad()) < 1e-4);
  CHECK(largest_difference(head.grad(), w.grad()) < 1e-5);
}

TEST_CASE("the gradients of log-likelihoods, weighted by position, equal the plain ones over several chunks") {
  at::manual_seed(5);
  const std::int64_t rows = 150, vocabulary = 50'000;
  const at::Tensor hidden = at::randn({rows, 8}).mul_(0.5).requires_grad_(), head = random_leaf({vocabulary, 8});
  const at::Tensor targets = at::randint(vocabulary, {rows}, at::kLong), weights = at::randn({rows});
  const auto plain = [&](at::ScalarType type) {
    const at::Tensor h = hidden.detach().to(type).requires_grad_(), w = head.detach().to(type).requires_grad_();
    const at::Tensor each = at::log_softmax(h.matmul(w.t()), 1).gather(1, targets.unsqueeze(1)).squeeze(1);
    at::dot(each, weights.to(type)).backward();
    return std::tuple(each.detach(), h.grad(), w.grad());  // [N], [N, D], [V, D]
  };
  const auto [exact, exact_dhidden, exact_dhead] = plain(at::kDouble);
  const at::Tensor single_dhidden = std::get<1>(plain(at::kFloat));
  const at::Tensor each = target_log_likelihoods(hidden, FrozenWeight(head), targets);
  CHECK(largest_difference(each.detach(), exact) < 1e-5);
  at::dot(each, weights).backward();
  CHECK(largest_difference(head.grad(), exact_dhead) < 1e-5);
  CHECK(largest_difference(hidden.grad(), exact_dhidden) < 1.25 * largest_difference(single_dhidden, exact_dhidden));

  // A frozen head gets none, and without gradients the numbers are the same.
  const at::Tensor again = hidden.detach().requires_grad_(), frozen = head.detach();
  at::dot(target_log_likelihoods(again, FrozenWeight(frozen), targets), weights).backward();
  CHECK(again.grad().equal(hidden.grad()));
  CHECK_FALSE(frozen.grad().defined());
  const at::NoGradGuard no_grad;
  CHECK(target_log_likelihoods(again, FrozenWeight(frozen), targets).equal(each));
}

TEST_CASE("log-sum-exp and softmax of a row are those of fp64, whatever the size and the range") {
  at::manual_seed(4);
  for (const std::int64_t size : {1, 5, 512, 513, 32'128}) {
    for (const double scale : {0.0, 1.0, 40.0}) {
      CAPTURE(size, scale);
      const at::Tensor x = at::randn({size}) * scale;
      const at::Tensor exact = at::logsumexp(x.to(at::kDouble), {0});
      const float sum = cpu::log_sum_exp_row(x.const_data_ptr<float>(), size);
      CHECK(sum == Approx(exact.item<double>()).epsilon(2e-7).margin(2e-7));
      const at::Tensor softmax = x.clone();
      cpu::softmax_row(softmax.mutable_data_ptr<float>(), sum, size);
      CHECK(largest_difference(softmax.to(at::kDouble), at::softmax(x.to(at::kDouble), 0)) < 1e-5);
      CHECK(softmax.sum().item<double>() == Approx(1.0).epsilon(1e-5));
    }
  }
}

TEST_CASE("relative position buckets") {
  const PositionBuckets buckets = position_buckets(T5Config());
  // Encoder: 16 buckets for each sign, the first eight distances exact.
  CHECK(relative_position_bucket(0, true, buckets) == 0);
  CHECK(relative_position_bucket(-7, true, buckets) == 7);
  CHECK(relative_position_bucket(7, true, buckets) == 23);
  CHECK(relative_position_bucket(-8, true, buckets) == 8);
  CHECK(relative_position_bucket(-1000, true, buckets) == 15);
  CHECK(relative_position_bucket(1000, true, buckets) == 31);
  // Decoder: the future counts as distance zero, the first sixteen exact.
  CHECK(relative_position_bucket(5, false, buckets) == 0);
  CHECK(relative_position_bucket(-15, false, buckets) == 15);
  CHECK(relative_position_bucket(-16, false, buckets) == 16);
  CHECK(relative_position_bucket(-1000, false, buckets) == 31);
}
