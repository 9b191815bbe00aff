// The routed group against METHODS 3.3 written out token by token and expert by expert, and the identities it implies.
#include "phatgoose/routing/routed_adapter.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <optional>

#include "phatgoose/adapters/lora_function.h"
#include "phatgoose/base/error.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/phatgoose_router.h"
#include "phatgoose/routing/segment_kernels.h"
#include "phatgoose/routing/statistics.h"
#include "phatgoose/routing/tensor_expert_bank.h"
#include "phatgoose/routing/token_trace.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kIn = 40;
const std::vector<std::int64_t> kOuts{70, 33, 64};  // full panels, a last panel of one column, panels only
constexpr std::int64_t kTotal = 167;

/// One expert's part in one linear.
struct Part {
  at::Tensor a, b, v;  ///< [R, in], [out, R], [in]
  double scale;
};

/// parts[linear][expert]; nothing where the expert does not adapt the linear.
using Parts = std::vector<std::vector<std::optional<Part>>>;

Parts random_parts(std::int64_t experts, bool unequal = true) {
  Parts parts;
  for (std::size_t l = 0; l < kOuts.size(); ++l) {
    auto& row = parts.emplace_back();
    for (std::int64_t e = 0; e < experts; ++e) {
      const std::int64_t rank = unequal ? std::vector<std::int64_t>{4, 16, 1, 24, 9}[e % 5] : 4;
      row.push_back(Part{at::randn({rank, kIn}), at::randn({kOuts[l], rank}), at::randn({kIn}),
                         unequal ? 0.1 * static_cast<double>(e + 1) : 0.5});
      if (unequal && (e + static_cast<std::int64_t>(l)) % 4 == 3) row.back().reset();
    }
  }
  return parts;
}

LoraEntry entry_of(const Part& part) {
  return {part.a.size(0), part.scale, to_named("a", part.a).view, to_named("b", part.b).view};
}

struct Bench {
  std::shared_ptr<RoutingControl> control = std::make_shared<RoutingControl>();
  std::shared_ptr<RoutedAdapter> adapter;
};

/// The adapter under test, over experts that are `enabled` (all when empty), in the order given by `order`.
Bench make_adapter(const Parts& parts, const SelectionSettings& selection, std::vector<std::int64_t> order = {},
                   bool tensor_bank = false) {
  if (order.empty()) {
    order.resize(parts[0].size());
    std::iota(order.begin(), order.end(), 0);
  }
  Bench bench;
  std::vector<RoutedAdapter::Member> members;
  std::vector<at::Tensor> gates;
  std::int64_t column = 0;
  for (std::size_t l = 0; l < parts.size(); ++l) {
    std::vector<LoraEntry> entries;
    std::vector<std::int32_t> experts;
    for (std::size_t place = 0; place < order.size(); ++place) {
      const auto& part = parts[l][order[place]];
      if (!part) continue;
      entries.push_back(entry_of(*part));
      experts.push_back(static_cast<std::int32_t>(place));
      gates.push_back(part->v);
    }
    std::vector<const LoraEntry*> pointers;
    for (const LoraEntry& entry : entries) pointers.push_back(&entry);
    auto bank = tensor_bank ? std::make_unique<TensorExpertBank>(kIn, kOuts[l], pointers, at::kCPU, at::kFloat)
                            : make_expert_bank(kIn, kOuts[l], pointers, at::kCPU, at::kFloat);
    members.push_back({static_cast<std::int64_t>(l), column, kOuts[l], std::move(experts), std::move(bank)});
    column += kOuts[l];
  }
  bench.adapter = std::make_shared<RoutedAdapter>(
      std::move(members), std::make_unique<PhatgooseRouter>(at::stack(gates)), selection, bench.control);
  return bench;
}

at::Tensor run(const Bench& bench, const at::Tensor& u, const at::Tensor& y) {
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{u.size(0)});
  return bench.adapter->apply(u, y.clone(), Pass{packing});
}

at::Tensor layer_norm(const at::Tensor& x) { return (x - x.mean()) / (x.var(at::IntArrayRef{0}, 0) + 1e-5).sqrt(); }

double score_of(const at::Tensor& u, const Part& part) {
  return layer_norm(u).dot(layer_norm(part.v.to(at::kDouble))).item<double>() / std::sqrt(static_cast<double>(kIn));
}

/// The judge: fp64, one token, one linear, one expert at a time. `order` lists the enabled experts.
at::Tensor by_formula(const Parts& parts, std::vector<std::int64_t> order, std::int64_t k, double eps,
                      const at::Tensor& inputs, const at::Tensor& outputs) {
  const at::Tensor y = outputs.to(at::kDouble).clone();
  for (std::int64_t token = 0; token < inputs.size(0); ++token) {
    const at::Tensor u = inputs[token].to(at::kDouble);
    std::int64_t column = 0;
    for (std::size_t l = 0; l < parts.size(); ++l) {
      std::vector<std::pair<double, const Part*>> scored;
      for (const std::int64_t e : order) {
        if (parts[l][e]) scored.emplace_back(score_of(u, *parts[l][e]), &*parts[l][e]);
      }
      std::stable_sort(scored.begin(), scored.end(), [](const auto& x, const auto& z) { return x.first > z.first; });
      double all = 0.0, chosen = 0.0;
      for (std::size_t i = 0; i < scored.size(); ++i) {
        all += std::exp(scored[i].first);
        if (static_cast<std::int64_t>(i) < k) chosen += std::exp(scored[i].first);
      }
      for (std::size_t i = 0; i < std::min<std::size_t>(scored.size(), k); ++i) {
        const Part& part = *scored[i].second;
        const double weight = (std::exp(scored[i].first) / all) / (chosen / all + eps);
        y[token].narrow(0, column, kOuts[l]) +=
            weight * part.scale * part.b.to(at::kDouble).mv(part.a.to(at::kDouble).mv(u));
      }
      column += kOuts[l];
    }
  }
  return y;
}

double relative_difference(const at::Tensor& found, const at::Tensor& expected) {
  return ((found.to(at::kDouble) - expected).abs().max() / expected.abs().max()).item<double>();
}

std::vector<std::int64_t> all_of(std::int64_t experts) {
  std::vector<std::int64_t> order(experts);
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace

TEST_CASE("the routed group agrees with the per-token, per-expert loop") {
  at::manual_seed(11);
  const std::int64_t experts = GENERATE(1, 3, 11);
  const std::int64_t k = GENERATE(1, 2, 5, 100);
  const double eps = GENERATE(0.0, 0.01);
  const bool tensor_bank = GENERATE(false, true);
  const Parts parts = random_parts(experts);
  const at::Tensor u = at::randn({37, kIn}) + 0.5, y = at::randn({37, kTotal});
  const Bench bench = make_adapter(parts, {.k = k, .renorm_eps = eps}, {}, tensor_bank);
  CHECK(relative_difference(run(bench, u, y), by_formula(parts, all_of(experts), k, eps, u, y)) < 2e-6);
}

TEST_CASE("one expert is plain LoRA") {
  at::manual_seed(12);
  const Parts parts = random_parts(1, false);
  const at::Tensor u = at::randn({9, kIn}), y = at::randn({9, kTotal});
  LinearGroupSpec spec{.linears = {}, .on_encoder_tokens = true};
  for (std::size_t l = 0; l < kOuts.size(); ++l) spec.linears.push_back({"m." + std::to_string(l), kIn, kOuts[l]});
  auto lora = std::make_shared<LoraParameters>(zero_lora(spec, std::vector(kOuts.size(), LoraShape{4, 0.5}), at::kCPU));
  for (std::size_t l = 0; l < kOuts.size(); ++l) {
    lora->a_of(lora->members[l]).copy_(parts[l][0]->a);
    lora->b_of(lora->members[l]).copy_(parts[l][0]->b);
  }
  CHECK(relative_difference(run(make_adapter(parts, {}), u, y), add_lora(u, y.clone(), lora, false).to(at::kDouble)) <
        1e-6);
}

TEST_CASE("shifting or scaling the input leaves the weights alone") {
  at::manual_seed(13);
  const PhatgooseRouter router(at::randn({6, kIn}));
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{20});
  const at::Tensor u = at::randn({20, kIn});
  const at::Tensor scores = router.scores(u, Pass{packing});
  CHECK(at::allclose(router.scores(u + 3.0, Pass{packing}), scores, 1e-4, 2e-5));
  CHECK(at::allclose(router.scores(u * 7.0, Pass{packing}), scores, 1e-4, 2e-5));
}

TEST_CASE("a zero gate scores 0, exactly") {
  at::manual_seed(14);
  const PhatgooseRouter router(at::cat({at::zeros({1, kIn}), at::randn({1, kIn})}));
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{20});
  const at::Tensor scores = router.scores(at::randn({20, kIn}), Pass{packing});
  CHECK(scores.select(1, 0).abs().max().item<double>() == 0.0);
  CHECK(scores.select(1, 1).abs().min().item<double>() > 0.0);
}

TEST_CASE("scores are LN(u) . LN(v) / sqrt(in)") {
  at::manual_seed(15);
  const at::Tensor v = at::randn({6, kIn}), u = at::randn({20, kIn}) * 2.0 + 1.0;
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{20});
  const at::Tensor normed_u = at::layer_norm(u.to(at::kDouble), {kIn}, {}, {}, 1e-5);
  const at::Tensor normed_v = at::layer_norm(v.to(at::kDouble), {kIn}, {}, {}, 1e-5);
  const at::Tensor expected = at::mm(normed_u, normed_v.t()) / std::sqrt(static_cast<double>(kIn));
  CHECK(relative_difference(PhatgooseRouter(v).scores(u, Pass{packing}), expected) < 1e-6);
  const at::Tensor deviation = at::rsqrt(u.to(at::kDouble).var(at::IntArrayRef{1}, 0, true) + 1e-5);
  CHECK(relative_difference(reciprocal_deviation(u), deviation) < 1e-6);
}

TEST_CASE("scores of bf16 inputs are computed in fp32") {
  at::manual_seed(16);
  const PhatgooseRouter router(at::randn({6, kIn}));
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{20});
  const at::Tensor u = at::randn({20, kIn}).to(at::kBFloat16);
  const at::Tensor scores = router.scores(u, Pass{packing});
  CHECK(scores.scalar_type() == at::kFloat);
  CHECK(at::equal(scores, router.scores(u.to(at::kFloat), Pass{packing})));
}

TEST_CASE("the order of the experts does not change the result") {
  at::manual_seed(17);
  const Parts parts = random_parts(6);
  const at::Tensor u = at::randn({50, kIn}), y = at::randn({50, kTotal});
  const at::Tensor plain = run(make_adapter(parts, {.k = 3}), u, y);
  CHECK(at::allclose(run(make_adapter(parts, {.k = 3}, {3, 0, 5, 4, 1, 2}), u, y), plain, 1e-5, 1e-5));
}

TEST_CASE("an expert left out is as if it did not exist") {
  at::manual_seed(18);
  const Parts parts = random_parts(5);
  const at::Tensor u = at::randn({21, kIn}), y = at::randn({21, kTotal});
  const at::Tensor found = run(make_adapter(parts, {.k = 2}, {0, 2, 4}), u, y);
  CHECK(relative_difference(found, by_formula(parts, {0, 2, 4}, 2, 0.0, u, y)) < 2e-6);
}

TEST_CASE("a token's result does not depend on its neighbours") {
  at::manual_seed(19);
  const Parts parts = random_parts(6);
  const Bench bench = make_adapter(parts, {.k = 2});
  const at::Tensor u = at::randn({33, kIn}), y = at::randn({33, kTotal});
  const at::Tensor together = run(bench, u, y);
  for (const std::int64_t token : {0, 7, 32}) {
    const at::Tensor alone = run(bench, u.narrow(0, token, 1), y.narrow(0, token, 1));
    CHECK(at::allclose(alone[0], together[token], 1e-5, 1e-5));
  }
}

TEST_CASE("the number of threads does not change the result") {
  at::manual_seed(20);
  const Parts parts = random_parts(6);
  const Bench bench = make_adapter(parts, {.k = 3});
  const at::Tensor u = at::randn({900, kIn}), y = at::randn({900, kTotal});
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const at::Tensor one = run(bench, u, y);
  at::set_num_threads(3);
  const at::Tensor three = run(bench, u, y);
  at::set_num_threads(threads);
  CHECK(at::allclose(three, one, 1e-5, 1e-5));
}

TEST_CASE("no token is no problem") {
  const Bench bench = make_adapter(random_parts(3), {.k = 2});
  CHECK(run(bench, at::zeros({0, kIn}), at::zeros({0, kTotal})).numel() == 0);
}

TEST_CASE("a pass with gradients is refused") {
  const Bench bench = make_adapter(random_parts(2), {.k = 2});
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{2});
  const at::Tensor y = at::zeros({2, kTotal}).requires_grad_() * 1.0;
  CHECK_THROWS_AS(bench.adapter->apply(at::randn({2, kIn}), y, Pass{packing}), Error);
}

TEST_CASE("statistics add up the weights and choices") {
  at::manual_seed(21);
  const Parts parts = random_parts(5);
  const Bench bench = make_adapter(parts, {.k = 2});
  const at::Tensor u = at::randn({12, kIn}), y = at::zeros({12, kTotal});
  const at::Tensor silent = run(bench, u, y);
  RoutingStatistics statistics(static_cast<std::int64_t>(kOuts.size()), 5);
  bench.control->observer = &statistics;
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{5, 7});
  CHECK(at::equal(bench.adapter->apply(u, y.clone(), Pass{packing}), silent));

  for (std::int64_t l = 0; l < statistics.linears(); ++l) {
    double weight = 0.0;
    std::int64_t count = 0;
    for (std::int64_t e = 0; e < 5; ++e) {
      weight += statistics.weights()[l * 5 + e];
      count += statistics.counts()[l * 5 + e];
      if (!parts[l][e]) CHECK(statistics.counts()[l * 5 + e] == 0);
    }
    CHECK(weight == Approx(12.0));
    CHECK(count == 24);
    CHECK(statistics.tokens()[l] == 12);
  }
}

TEST_CASE("a trace has every token's experts and weights, row by row") {
  at::manual_seed(21);
  const Parts parts = random_parts(5);
  const Bench bench = make_adapter(parts, {.k = 2});
  const at::Tensor u = at::randn({12, kIn}), y = at::zeros({12, kTotal});
  TokenTrace trace(static_cast<std::int64_t>(kOuts.size()) + 1);
  bench.control->observer = &trace;
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{5, 7});
  bench.adapter->apply(u, y.clone(), Pass{packing});
  for (std::size_t l = 0; l < kOuts.size(); ++l) {
    const auto linear = static_cast<std::int64_t>(l);
    CHECK(trace.row(linear, 0).size() == 5);
    const std::vector<ExpertWeights> row = trace.row(linear, 1);
    REQUIRE(row.size() == 7);
    for (std::int64_t token = 0; token < 7; ++token) {
      std::vector<std::pair<double, std::int32_t>> scored;
      for (std::int32_t e = 0; e < 5; ++e) {
        if (parts[l][e]) scored.emplace_back(score_of(u[5 + token].to(at::kDouble), *parts[l][e]), e);
      }
      std::ranges::sort(scored, std::greater());
      const ExpertWeights& chosen = row[static_cast<std::size_t>(token)];
      REQUIRE(chosen.size() == 2);
      for (std::size_t slot = 0; slot < 2; ++slot) {
        CHECK(chosen[slot].expert == scored[slot].second);
        const double others = std::exp(scored[1 - slot].first - scored[slot].first);
        CHECK(chosen[slot].weight == Approx(1 / (1 + others)).epsilon(1e-4));
      }
    }
  }
  CHECK(trace.row(static_cast<std::int64_t>(kOuts.size()), 0).empty());
}

TEST_CASE("every instruction set computes the same segments") {
  at::manual_seed(22);
  const std::int64_t rank = GENERATE(1, 8, 16, 21, 40), out = GENERATE(32, 7, 100), count = GENERATE(0, 1, 3, 17);
  constexpr std::int64_t kTokens = 20;
  const std::int64_t padded = (rank + kRankPadding - 1) / kRankPadding * kRankPadding;
  const at::Tensor u = at::randn({kTokens, kIn}), a = at::randn({rank, kIn}), b = at::randn({out, rank});
  const at::Tensor tokens = at::randperm(kTokens, at::kInt).narrow(0, 0, count).contiguous();
  const at::Tensor factors = at::rand({count});
  const at::Tensor a_transposed = at::zeros({kIn, padded});
  a_transposed.narrow(1, 0, rank).copy_(a.t());
  std::vector<at::Tensor> panels;
  for (std::int64_t column = 0; column < out; column += kPanelWidth) {
    panels.push_back(b.narrow(0, column, std::min(kPanelWidth, out - column)).t().reshape({-1}));
  }
  const at::Tensor panel_store = at::cat(panels);
  const at::Tensor expected_h = at::mm(u.index_select(0, tokens), a.t()) * factors.unsqueeze(1);
  const at::Tensor expected_y = at::zeros({kTokens, out}).index_add(0, tokens, at::mm(expected_h, b.t()));

  for (const SegmentKernels* const* kernels = all_segment_kernels(); *kernels != nullptr; ++kernels) {
    const at::Tensor h = at::full({count, padded}, NAN), y = at::zeros({kTokens, out});
    const Segment segment{tokens.const_data_ptr<std::int32_t>(), count};
    (*kernels)->down(segment, {u.const_data_ptr<float>(), kIn}, kIn, a_transposed.const_data_ptr<float>(), padded,
                     factors.const_data_ptr<float>(), h.mutable_data_ptr<float>());
    CHECK(at::allclose(h.narrow(1, 0, rank), expected_h, 1e-4, 1e-4));
    (*kernels)->up(segment, {y.mutable_data_ptr<float>(), out}, out, panel_store.const_data_ptr<float>(), rank, padded,
                   h.const_data_ptr<float>());
    CHECK(at::allclose(y, expected_y, 1e-4, 1e-4));
    const at::Tensor deviations = at::empty({kTokens});
    (*kernels)->rstd({u.const_data_ptr<float>(), kIn}, kTokens, kIn, deviations.mutable_data_ptr<float>());
    CHECK(at::allclose(deviations, reciprocal_deviation(u).view({-1}), 1e-6, 1e-6));
  }
}

}  // namespace phatgoose
