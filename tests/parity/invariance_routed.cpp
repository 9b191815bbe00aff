// What routing computes for a token does not depend on the tokens around it, their order, or the threads.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include <numeric>

#include "forward.h"
#include "golden.h"
#include "golden_experts.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/routed_model.h"

namespace phatgoose::parity {
namespace {

constexpr double kNearTie = 1e-5;

/// Which tokens have, for some linear of the group, a k-th and a next score that rounding may swap.
at::Tensor near_ties(const at::Tensor& u, const LinearGroupSpec& group, const std::vector<ExpertDirectory>& experts,
                     std::int64_t k) {
  const auto normed = at::layer_norm(u.to(at::kDouble), {u.size(1)});  // [N, in]
  auto close = at::zeros({u.size(0)}, at::kBool);
  for (const auto& linear : group.linears) {
    std::vector<at::Tensor> gates;
    for (const auto& expert : experts)
      if (expert.gates().contains(linear.path))
        gates.push_back(to_tensor(expert.gates().at(linear.path), at::kCPU, at::kDouble));
    if (static_cast<std::int64_t>(gates.size()) <= k) continue;
    const auto scores = at::matmul(normed, at::layer_norm(at::stack(gates), {u.size(1)}).t()) / std::sqrt(u.size(1));
    const auto sorted = std::get<0>(scores.sort(1, /*descending=*/true));  // [N, E]
    close |= sorted.select(1, k - 1) - sorted.select(1, k) < kNearTie;
  }
  return close;  // [N]
}

Packing one_row(std::int64_t tokens) { return Packing::of_lengths(std::vector<std::int64_t>{tokens}); }

TEST_CASE("A routed group gives a token the same output in any company", "[invariance]") {
  constexpr std::int64_t kTokens = 3000;
  const at::NoGradGuard no_gradients;
  const auto model = load_model("t5_v1_1");
  const auto experts = all_golden_experts();
  const SelectionSettings selection;
  const RoutingTarget target{at::kCPU, at::kFloat, std::make_shared<RoutingControl>()};
  const auto group_index = static_cast<std::size_t>(GENERATE(0, 2, 8));
  CAPTURE(group_index);
  const auto& group = *model.groups()[group_index];
  std::vector<LinearVectors> prototypes;
  for (const auto& expert : experts) prototypes.push_back(expert.vectors("gate.safetensors"));
  const auto adapter = make_routed_adapter(group.spec(), 0, {loras_of(experts), prototypes}, {.selection = selection}, target);
  REQUIRE(adapter);

  at::manual_seed(5);
  const auto u = at::randn({kTokens, group.in()});
  const auto apply = [&](const at::Tensor& some) {
    const auto packing = one_row(some.size(0));
    return adapter->apply(some, at::matmul(some, group.weight().t()), {.packing = packing});  // [N, G]
  };
  const auto together = apply(u);
  CHECK(relative_difference(together, at::matmul(u, group.weight().t())) > 1e-2);

  const auto close = near_ties(u, group.spec(), experts, selection.k);
  const auto excepted = close.sum().item<std::int64_t>();
  WARN(excepted << " of " << kTokens << " tokens excepted for near ties");
  CHECK(excepted < kTokens / 100);
  const auto check_same = [&](const at::Tensor& tokens) {
    const auto judged = tokens.index_select(0, close.index_select(0, tokens).logical_not().nonzero().squeeze(1));
    CHECK(relative_difference(apply(u.index_select(0, judged)), together.index_select(0, judged)) < kTolerance);
  };
  check_same(at::arange(kTokens).flip(0));
  check_same(at::arange(0, kTokens, 7));
  check_same(at::randperm(kTokens));
  for (const std::int64_t token : {0, 17, 2999}) check_same(at::full({1}, token, at::kLong));

  const int threads_before = at::get_num_threads();
  at::set_num_threads(3);
  check_same(at::arange(kTokens));
  at::set_num_threads(threads_before);
}

TEST_CASE("Routed logits do not depend on batch size, order and neighbours", "[invariance]") {
  const Golden golden("phatgoose_routed");  // its rows have no near ties
  auto model = load_model("t5_v1_1");
  const auto experts = all_golden_experts();
  const RoutedModel routed(model, experts, {});
  const auto sources = golden.rows("sources");
  const auto targets = golden.rows("targets");
  const auto together = forward_logits(model, sources, targets);
  const auto packing = pack_ids(targets, at::kCPU).packing;
  const std::vector<std::vector<std::size_t>> orders = {{0}, {1}, {2}, {2, 0}, {2, 1, 0}, {1, 1, 1}};
  for (const auto& order : orders) {
    CAPTURE(order);
    std::vector<TokenIds> some_sources, some_targets;
    std::vector<at::Tensor> expected;
    for (const auto row : order) {
      some_sources.push_back(sources[row]);
      some_targets.push_back(targets[row]);
      const auto i = static_cast<std::int64_t>(row);
      expected.push_back(together.narrow(0, packing.offset(i), packing.length(i)));
    }
    CHECK(relative_difference(forward_logits(model, some_sources, some_targets), at::cat(expected)) < kTolerance);
  }
}

}  // namespace
}  // namespace phatgoose::parity
