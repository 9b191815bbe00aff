// Experts mixed by their parameters (METHODS 4, Arrow): c (sum_e w_e B_e) (sum_e w_e A_e) u, token by token.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>
#include <limits>

#include "phatgoose/routing/expert_bank.h"
#include "phatgoose/routing/routed_model.h"
#include "phatgoose/routing/selection.h"
#include "phatgoose/routing/tensor_expert_bank.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::largest_difference;
using test::ScratchDirectory;

constexpr std::int64_t kInput = 40, kOut = 70, kTokens = 37;
constexpr double kScale = 0.3;

struct Factors {
  std::vector<at::Tensor> a, b;  // per expert [R, in], [out, R]
};

Factors random_factors(std::int64_t experts, std::int64_t rank) {
  Factors factors;
  for (std::int64_t e = 0; e < experts; ++e) {
    factors.a.push_back(at::randn({rank, kInput}));
    factors.b.push_back(at::randn({kOut, rank}));
  }
  return factors;
}

std::unique_ptr<ExpertBank> make_bank(const Factors& factors, bool tensor_bank, at::ScalarType dtype = at::kFloat) {
  std::vector<LoraEntry> entries;
  for (std::size_t e = 0; e < factors.a.size(); ++e) {
    const at::Tensor &a = factors.a[e], &b = factors.b[e];
    entries.push_back({a.size(0), kScale, to_named("a", a).view, to_named("b", b).view});
  }
  std::vector<const LoraEntry*> pointers;
  for (const LoraEntry& entry : entries) pointers.push_back(&entry);
  if (tensor_bank) return std::make_unique<TensorExpertBank>(kInput, kOut, pointers, at::kCPU, dtype);
  return make_expert_bank(kInput, kOut, pointers, at::kCPU, dtype);
}

/// The judge: fp64, one token at a time.
at::Tensor by_formula(const Factors& factors, const Selection& chosen, const at::Tensor& u, const at::Tensor& y) {
  const at::Tensor result = y.to(at::kDouble).clone();
  for (std::int64_t token = 0; token < u.size(0); ++token) {
    at::Tensor a = at::zeros_like(factors.a[0], at::kDouble), b = at::zeros_like(factors.b[0], at::kDouble);
    for (std::int64_t slot = 0; slot < chosen.columns.size(1); ++slot) {
      const auto expert = chosen.columns[token][slot].item<std::int64_t>();
      if (expert < 0) continue;
      const double weight = chosen.weights[token][slot].item<double>();
      a += weight * factors.a[expert];
      b += weight * factors.b[expert];
    }
    result[token] += kScale * b.mv(a.mv(u[token].to(at::kDouble)));
  }
  return result;
}

at::Tensor with_nobody_for(at::Tensor scores, std::initializer_list<std::int64_t> tokens) {
  for (const std::int64_t token : tokens) scores[token].fill_(-std::numeric_limits<float>::infinity());
  return scores;
}

}  // namespace

TEST_CASE("mixed parameters are the product of the weighted sums, in both banks") {
  at::manual_seed(51);
  const std::int64_t rank = GENERATE(1, 4, 16, 21), experts = GENERATE(1, 3, 7), k = GENERATE(1, 2, 7);
  const bool tensor_bank = GENERATE(false, true);
  CAPTURE(rank, experts, k, tensor_bank);
  const Factors factors = random_factors(experts, rank);
  const at::Tensor u = at::randn({kTokens, kInput}), y = at::randn({kTokens, kOut});
  const Selection chosen = select_experts(with_nobody_for(at::randn({kTokens, experts}), {0, 20}), {.k = k});
  const at::Tensor expected = by_formula(factors, chosen, u, y);
  const at::Tensor found = y.clone();
  make_bank(factors, tensor_bank)->add(u, found, PairOrder(chosen, experts), Mix::parameters);
  CHECK(largest_difference(found, expected) < 3e-6);
  CHECK(at::equal(found[0], y[0]));  // no expert, no change

  if (k == 1 || experts == 1) return;
  const at::Tensor outputs = y.clone();
  make_bank(factors, tensor_bank)->add(u, outputs, PairOrder(chosen, experts), Mix::outputs);
  CHECK(largest_difference(outputs, expected) > 1e-2);  // the rules differ
}

TEST_CASE("one expert's parameters weigh the square of its weight") {
  at::manual_seed(52);
  const Factors factors = random_factors(1, 4);
  const at::Tensor u = at::randn({kTokens, kInput}), y = at::zeros({kTokens, kOut});
  const Selection half{at::zeros({kTokens, 1}, at::kInt), at::full({kTokens, 1}, 0.5F)};
  const bool tensor_bank = GENERATE(false, true);
  const at::Tensor found = y.clone(), outputs = y.clone();
  make_bank(factors, tensor_bank)->add(u, found, PairOrder(half, 1), Mix::parameters);
  make_bank(factors, tensor_bank)->add(u, outputs, PairOrder(half, 1), Mix::outputs);
  CHECK(largest_difference(found * 2, outputs) < 1e-6);
}

TEST_CASE("mixed parameters in bf16 are those of fp32 to its precision") {
  at::manual_seed(53);
  const Factors factors = random_factors(3, 8);
  const at::Tensor u = at::randn({kTokens, kInput}), y = at::zeros({kTokens, kOut});
  const Selection chosen = select_experts(at::randn({kTokens, 3}), {.k = 2});
  const at::Tensor found = y.to(at::kBFloat16);
  make_bank(factors, true, at::kBFloat16)->add(u.to(at::kBFloat16), found, PairOrder(chosen, 3), Mix::parameters);
  CHECK(largest_difference(found, by_formula(factors, chosen, u, y)) < 2e-2);
}

TEST_CASE("mixed parameters do not depend on the number of threads") {
  at::manual_seed(54);
  const Factors factors = random_factors(5, 4);
  const at::Tensor u = at::randn({900, kInput}), y = at::randn({900, kOut});
  const PairOrder order(select_experts(at::randn({900, 5}), {.k = 3}), 5);
  const auto bank = make_bank(factors, false);
  const int threads = at::get_num_threads();
  const at::Tensor one = y.clone(), three = y.clone();
  at::set_num_threads(1);
  bank->add(u, one, order, Mix::parameters);
  at::set_num_threads(3);
  bank->add(u, three, order, Mix::parameters);
  at::set_num_threads(threads);
  CHECK(at::equal(three, one));
}

TEST_CASE("parameters of experts that differ in rank are not mixed") {
  std::vector<ExpertDirectory> experts;
  for (const char* name : {"wide", "narrow"}) {
    experts.push_back(ExpertDirectory::open(test::golden_path("experts") / name));
  }
  T5Model model = T5Model::load(test::golden_path("t5_v1_1/model"), at::kCPU, at::kFloat);
  CHECK_THROWS_MATCHES(RoutedModel(model, experts, {.mix = "parameters"}), Error,
                       FailsWith(ExitCode::bad_data, "ranks 4 and 1"));
}

TEST_CASE("a model whose mixed parameters are one expert's is plain LoRA") {
  const ScratchDirectory scratch;
  T5Model model = test::tiny_model();
  const auto experts = test::write_router_experts(scratch.path(), model.config(), {"a", "b", "c"});
  const std::vector<TokenIds> sources{{5, 6, 7, 1}, {9, 8, 1}}, targets{{8, 9, 1}, {30, 1}};
  const RoutedModel routed(model, {experts[1]}, {.mix = "parameters"});
  const at::Tensor mixed = test::logits_of(model, sources, targets);
  const RoutedModel together(model, experts, {.k = 3, .mix = "parameters"});
  const at::Tensor of_three = test::logits_of(model, sources, targets);
  model.remove_adapters();
  ExpertParameters::load(experts[1], linear_groups(model.config()), at::kCPU).attach(model);
  const at::Tensor plain = test::logits_of(model, sources, targets);
  CHECK(largest_difference(mixed, plain) < 1e-5);
  CHECK(largest_difference(of_three, plain) > 1e-2);
}

}  // namespace phatgoose
