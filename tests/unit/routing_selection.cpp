// Selection: which experts, in which order, with which weights; and the sorted pairs made of it.
#include "phatgoose/routing/selection.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "phatgoose/routing/pair_order.h"

namespace phatgoose {
namespace {

constexpr float kNever = -std::numeric_limits<float>::infinity();

std::vector<std::int32_t> columns_of(const Selection& selection, std::int64_t token) {
  const at::Tensor row = selection.columns[token].contiguous();
  const auto* values = row.const_data_ptr<std::int32_t>();
  return {values, values + row.numel()};
}

std::vector<float> weights_of(const Selection& selection, std::int64_t token) {
  const at::Tensor row = selection.weights[token].contiguous();
  const auto* values = row.const_data_ptr<float>();
  return {values, values + row.numel()};
}

/// Weights by expert instead of by slot.
at::Tensor dense_weights(const Selection& selection, std::int64_t experts) {
  const at::Tensor dense = at::zeros({selection.columns.size(0), experts + 1});
  const at::Tensor columns = selection.columns.to(at::kLong);
  dense.scatter_(1, columns.where(columns >= 0, at::full({}, experts, at::kLong)), selection.weights);
  return dense.narrow(1, 0, experts);
}

}  // namespace

TEST_CASE("the largest scores are chosen in falling order, with their softmax") {
  const at::Tensor scores = at::tensor({0.5F, 2.0F, -1.0F, 1.0F}).view({1, 4});
  const Selection chosen = select_experts(scores, {.k = 2});
  CHECK(columns_of(chosen, 0) == std::vector<std::int32_t>{1, 3});
  const auto weights = weights_of(chosen, 0);
  CHECK(weights[0] == Approx(1.0 / (1.0 + std::exp(-1.0))));
  CHECK(weights[1] == Approx(1.0 / (1.0 + std::exp(1.0))));
}

TEST_CASE("equal scores: the lower index wins") {
  const Selection two = select_experts(at::zeros({3, 8}), {.k = 2});
  for (std::int64_t token = 0; token < 3; ++token) {
    CHECK(columns_of(two, token) == std::vector<std::int32_t>{0, 1});
    CHECK(weights_of(two, token) == std::vector<float>{0.5F, 0.5F});
  }
  const at::Tensor scores = at::tensor({1.0F, 3.0F, 1.0F, 3.0F, 3.0F}).view({1, 5});
  CHECK(columns_of(select_experts(scores, {.k = 4}), 0) == std::vector<std::int32_t>{1, 3, 4, 0});
}

TEST_CASE("k beyond the number of experts means all of them, the dense softmax") {
  at::manual_seed(1);
  const at::Tensor scores = at::randn({5, 3});
  for (const std::int64_t k : {3, 7}) {
    const Selection all = select_experts(scores, {.k = k});
    CHECK(all.columns.size(1) == 3);
    CHECK(at::allclose(dense_weights(all, 3), at::softmax(scores, 1), 1e-6, 1e-7));
  }
}

TEST_CASE("top-k of the full softmax renormalised is the softmax of the top-k") {
  at::manual_seed(2);
  const at::Tensor scores = at::randn({20, 9});
  const Selection chosen = select_experts(scores, {.k = 3});
  const at::Tensor full = at::softmax(scores, 1).gather(1, chosen.columns.to(at::kLong));
  CHECK(at::allclose(chosen.weights, full / full.sum(1, true), 1e-6, 1e-7));
}

TEST_CASE("renorm-eps adds to the denominator of the renormalised full softmax") {
  at::manual_seed(3);
  const at::Tensor scores = at::randn({20, 9});
  constexpr double kEps = 0.05;
  const Selection chosen = select_experts(scores, {.k = 2, .renorm_eps = kEps});
  const at::Tensor full = at::softmax(scores, 1).gather(1, chosen.columns.to(at::kLong));
  CHECK(at::allclose(chosen.weights, full / (full.sum(1, true) + kEps), 1e-6, 1e-7));
}

TEST_CASE("temperature divides the scores") {
  at::manual_seed(4);
  const at::Tensor scores = at::randn({20, 9});
  const Selection cold = select_experts(scores, {.k = 2, .temperature = 0.5});
  const Selection doubled = select_experts(scores * 2.0, {.k = 2});
  CHECK(at::equal(cold.columns, doubled.columns));
  CHECK(at::allclose(cold.weights, doubled.weights, 1e-6, 1e-7));
}

TEST_CASE("top-p takes the smallest set that reaches p, at least one") {
  const at::Tensor scores = at::log(at::tensor({0.1F, 0.5F, 0.15F, 0.25F})).view({1, 4});
  const auto kept = [&](double p) {
    const auto columns = columns_of(select_experts(scores, {.top_p = p}), 0);
    return std::vector<std::int32_t>(columns.begin(), std::find(columns.begin(), columns.end(), -1));
  };
  CHECK(kept(0.01) == std::vector<std::int32_t>{1});
  CHECK(kept(0.49) == std::vector<std::int32_t>{1});
  CHECK(kept(0.6) == std::vector<std::int32_t>{1, 3});
  CHECK(kept(0.8) == std::vector<std::int32_t>{1, 3, 2});
  CHECK(kept(1.0) == std::vector<std::int32_t>{1, 3, 2, 0});
  const auto weights = weights_of(select_experts(scores, {.top_p = 0.6}), 0);
  CHECK(weights[0] == Approx(2.0 / 3.0));
  CHECK(weights[1] == Approx(1.0 / 3.0));
}

TEST_CASE("top-p rows of different size leave their last slots empty") {
  const at::Tensor scores = at::tensor({9.0F, 0.0F, 0.0F, 1.0F, 1.0F, 1.0F}).view({2, 3});
  const Selection chosen = select_experts(scores, {.top_p = 0.9});
  CHECK(columns_of(chosen, 0) == std::vector<std::int32_t>{0, -1, -1});
  CHECK(weights_of(chosen, 0) == std::vector<float>{1.0F, 0.0F, 0.0F});
  CHECK(columns_of(chosen, 1) == std::vector<std::int32_t>{0, 1, 2});
}

TEST_CASE("scores of -infinity or NaN do not compete") {
  const at::Tensor scores = at::tensor({kNever, 1.0F, NAN, kNever, kNever, kNever}).view({2, 3});
  const Selection chosen = select_experts(scores, {.k = 2, .renorm_eps = 1e-6});
  CHECK(columns_of(chosen, 0) == std::vector<std::int32_t>{1});
  CHECK(weights_of(chosen, 0)[0] == Approx(1.0));
  CHECK(columns_of(chosen, 1) == std::vector<std::int32_t>{-1});
  CHECK(weights_of(chosen, 1) == std::vector<float>{0.0F});
}

TEST_CASE("there are as many slots as the token with most choices needs") {
  at::Tensor scores = at::full({6, 16}, kNever);  // as of rows that go to one expert each, or to two
  for (std::int64_t token = 0; token < 6; ++token) scores[token][3 * token % 16] = 0.0F;
  CHECK(select_experts(scores, {.k = 16}).columns.size(1) == 1);
  scores[4][9] = -1.0F;
  const Selection chosen = select_experts(scores, {.k = 16});
  CHECK(chosen.columns.size(1) == 2);
  CHECK(columns_of(chosen, 4) == std::vector<std::int32_t>{12, 9});
  CHECK(columns_of(chosen, 5) == std::vector<std::int32_t>{15, -1});
  CHECK(select_experts(at::zeros({3, 16}), {.k = 16}).columns.size(1) == 16);
}

TEST_CASE("permuting the experts permutes indices only") {
  at::manual_seed(5);
  const at::Tensor scores = at::randn({30, 7});
  const at::Tensor order = at::randperm(7);
  const Selection plain = select_experts(scores, {.k = 3});
  const Selection permuted = select_experts(scores.index_select(1, order), {.k = 3});
  CHECK(at::equal(order.index_select(0, permuted.columns.view({-1})).view({30, 3}), plain.columns.to(at::kLong)));
  CHECK(at::equal(permuted.weights, plain.weights));
}

TEST_CASE("a part of wider scores is selected from in place") {
  at::manual_seed(6);
  const at::Tensor scores = at::randn({10, 9});
  const Selection part = select_experts(scores.narrow(1, 4, 5), {.k = 2});
  const Selection copy = select_experts(scores.narrow(1, 4, 5).contiguous(), {.k = 2});
  CHECK(at::equal(part.columns, copy.columns));
  CHECK(at::equal(part.weights, copy.weights));
}

TEST_CASE("pairs are sorted by expert, slot and token") {
  const Selection chosen{at::tensor({2, 0, 0, -1, 2, 1, 0, 2}, at::kInt).view({4, 2}),
                         at::tensor({0.75F, 0.25F, 1.0F, 0.0F, 0.5F, 0.5F, 0.9F, 0.1F}).view({4, 2})};
  const PairOrder order(chosen, 3);
  REQUIRE(order.pairs() == 7);
  CHECK(std::vector(order.tokens(), order.tokens() + 7) == std::vector<std::int32_t>{1, 3, 0, 2, 0, 2, 3});
  CHECK(std::vector(order.weights(), order.weights() + 7) ==
        std::vector<float>{1.0F, 0.9F, 0.25F, 0.5F, 0.75F, 0.5F, 0.1F});
  CHECK(order.begin(0) == 0);
  CHECK(order.end(0, 0) == 2);
  CHECK(order.begin(1) == 3);
  CHECK(order.begin(1, 1) == 3);
  CHECK(order.end(1, 1) == 4);
  CHECK(order.end(2) == 7);
  const std::vector<std::int64_t> experts{0, 0, 0, 1, 2, 2, 2};
  for (std::int64_t pair = 0; pair < 7; ++pair) CHECK(order.expert_of(pair) == experts[pair]);
}

}  // namespace phatgoose
