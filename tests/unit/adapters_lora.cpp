// LoRA and gated LoRA of a linear group against the formulas of METHODS 3.1 and 3.2 written out with autograd.
#include "phatgoose/adapters/lora.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <catch2/catch.hpp>

#include "phatgoose/adapters/lora_function.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kInput = 12;
constexpr std::int64_t kTokens = 7;

/// Three linears: ranks 4 and 2 with different scales, and one in between without adapter.
LinearGroupSpec group_spec() {
  return {.linears = {{"m.q", kInput, 6}, {"m.k", kInput, 5}, {"m.v", kInput, 9}}, .on_encoder_tokens = true};
}

std::shared_ptr<LoraParameters> random_parameters(at::ScalarType type, const std::vector<LoraShape>& shapes) {
  auto parameters = std::make_shared<LoraParameters>(zero_lora(group_spec(), shapes, at::kCPU));
  const auto options = at::TensorOptions().dtype(type);
  parameters->a = at::randn(parameters->a.sizes(), options);
  parameters->b = at::randn(parameters->b.sizes(), options);
  parameters->v = at::randn({static_cast<std::int64_t>(parameters->members.size()), kInput}, options);
  return parameters;
}

const std::vector<LoraShape> kUnequal{{4, 0.25}, {}, {2, 1.5}};

/// The judge: y + c B A u [* sigmoid(v . u)], one linear at a time, out of plain differentiable operations.
at::Tensor by_formula(const at::Tensor& u, const at::Tensor& y, const LoraParameters& p, bool gated) {
  std::vector<at::Tensor> columns;
  std::size_t m = 0;
  for (std::int64_t begin = 0; const LinearSpec& linear : group_spec().linears) {
    at::Tensor part = y.narrow(1, begin, linear.out);
    if (m < p.members.size() && p.members[m].path == linear.path) {
      at::Tensor update = at::matmul(at::matmul(u, p.a_of(p.members[m]).t()), p.b_of(p.members[m]).t());
      update = update * p.members[m].scale;
      if (gated) update = update * at::sigmoid(at::matmul(u, p.v[static_cast<std::int64_t>(m)])).unsqueeze(1);
      part = part + update;
      ++m;
    }
    columns.push_back(part);
    begin += linear.out;
  }
  return at::cat(columns, 1);
}

struct Outcome {
  at::Tensor y;
  std::vector<at::Tensor> gradients;  ///< u, weight, a, b, v
};

/// Runs y = u W^T through `adapt` and takes the gradients of a fixed random functional of the result.
template <typename Adapt>
Outcome run(const at::Tensor& u, const at::Tensor& weight, const LoraParameters& p, const at::Tensor& direction,
            Adapt adapt) {
  const at::Tensor y = adapt(u, at::linear(u, weight));
  std::vector<at::Tensor> leaves{u, weight, p.a, p.b, p.v};
  auto gradients = torch::autograd::grad({(y * y * direction).sum()}, leaves, {}, std::nullopt, false, true);
  return {y.detach(), gradients};
}

void check_close(const at::Tensor& found, const at::Tensor& expected, double tolerance) {
  REQUIRE(found.defined() == expected.defined());
  if (!found.defined()) return;
  REQUIRE(found.sizes() == expected.sizes());
  REQUIRE(found.scalar_type() == expected.scalar_type());
  CHECK((found - expected).abs().max().item<double>() <= tolerance * (1e-30 + expected.abs().max().item<double>()));
}

const Packing kPacking = Packing::of_lengths(std::vector<std::int64_t>{kTokens});

}  // namespace

TEST_CASE("LoRA of a group agrees with the formula, values and gradients") {
  at::manual_seed(1);
  const auto type = GENERATE(at::kDouble, at::kFloat);
  const bool gated = GENERATE(false, true);
  const double tolerance = type == at::kDouble ? 1e-13 : 2e-6;
  const auto p = random_parameters(type, kUnequal);
  const auto options = at::TensorOptions().dtype(type);
  const at::Tensor u = at::randn({kTokens, kInput}, options).requires_grad_();
  const at::Tensor weight = at::randn({20, kInput}, options).requires_grad_();
  const at::Tensor direction = at::randn({kTokens, 20}, options);
  for (const at::Tensor& leaf : {p->a, p->b, p->v}) leaf.requires_grad_();

  const Outcome expected = run(u, weight, *p, direction,
                               [&](const at::Tensor& x, const at::Tensor& y) { return by_formula(x, y, *p, gated); });
  const Outcome found = run(u, weight, *p, direction, [&](const at::Tensor& x, const at::Tensor& y) -> at::Tensor {
    const Pass pass{kPacking};
    if (gated) return GatedLoraAdapter(p).apply(x, y, pass);
    return LoraAdapter(p).apply(x, y, pass);
  });
  check_close(found.y, expected.y, tolerance);
  for (std::size_t i = 0; i < expected.gradients.size(); ++i) {
    check_close(found.gradients[i], expected.gradients[i], tolerance);
  }
}

TEST_CASE("gradients go through LoRA to what its factors are computed from") {
  at::manual_seed(8);
  const auto p = random_parameters(at::kDouble, kUnequal);
  const auto options = at::TensorOptions().dtype(at::kDouble);
  // A mixture of two skills, weighted by learned numbers, and an outer product of two vectors.
  const at::Tensor skills = at::randn({2, p->a.size(0), kInput}, options).requires_grad_();
  const at::Tensor weights = at::rand({2, 1, 1}, options).requires_grad_();
  const at::Tensor left = at::randn({5}, options).requires_grad_();
  const at::Tensor right = at::randn({p->b.numel() / 5 + 1}, options).requires_grad_();
  const at::Tensor u = at::randn({kTokens, kInput}, options), direction = at::randn({kTokens, 20}, options);
  const std::vector<at::Tensor> leaves{skills, weights, left, right};

  const at::Tensor a = (weights * skills).sum(0);                                                 // [sum R, in]
  const at::Tensor b = at::outer(left, right).flatten().narrow(0, 0, p->b.numel()).contiguous();  // [sum out R]
  const auto layout = std::make_shared<const LoraLayout>(p->members);
  const at::Tensor zeros = at::zeros({kTokens, 20}, options);
  const at::Tensor found = add_lora(u, zeros.clone(), a, b, std::nullopt, layout);
  LoraParameters computed = *p;
  computed.a = a;
  computed.b = b;
  const at::Tensor expected = by_formula(u, zeros, computed, false);
  check_close(found.detach(), expected.detach(), 1e-13);
  const auto gradients = torch::autograd::grad({(found.tanh() * direction).sum()}, leaves, {}, true);
  const auto reference = torch::autograd::grad({(expected.tanh() * direction).sum()}, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) check_close(gradients[i], reference[i], 1e-12);
}

TEST_CASE("LoRA gives no gradient to what needs none") {
  at::manual_seed(2);
  const auto p = random_parameters(at::kFloat, kUnequal);
  p->v.requires_grad_();
  const at::Tensor u = at::randn({kTokens, kInput});
  const at::Tensor y = add_lora(u, at::zeros({kTokens, 20}), p, true);
  y.sum().backward();
  CHECK(p->v.grad().defined());
  CHECK_FALSE(p->a.grad().defined());
  CHECK_FALSE(p->b.grad().defined());
  CHECK_FALSE(u.grad().defined());
}

TEST_CASE("gradients of the gated LoRA agree with finite differences") {
  at::manual_seed(3);
  const auto p = random_parameters(at::kDouble, kUnequal);
  const auto options = at::TensorOptions().dtype(at::kDouble);
  const at::Tensor u = at::randn({kTokens, kInput}, options);
  const at::Tensor y = at::randn({kTokens, 20}, options);
  const auto loss = [&] { return add_lora(u, y.clone(), p, true).tanh().sum(); };
  const std::vector<at::Tensor> leaves{p->a, p->b, p->v, u};
  for (const at::Tensor& leaf : leaves) leaf.requires_grad_();
  loss().backward();

  at::NoGradGuard no_grad;
  constexpr double kStep = 1e-5;
  for (const at::Tensor& leaf : leaves) {
    auto* values = leaf.mutable_data_ptr<double>();
    const auto* gradient = leaf.grad().const_data_ptr<double>();
    for (std::int64_t i = 0; i < leaf.numel(); ++i) {
      const double centre = values[i];
      values[i] = centre + kStep;
      const double above = loss().item<double>();
      values[i] = centre - kStep;
      const double below = loss().item<double>();
      values[i] = centre;
      CHECK(gradient[i] == Approx((above - below) / (2 * kStep)).epsilon(1e-6).margin(1e-8));
    }
  }
}

TEST_CASE("LoRA touches only the columns of its members") {
  at::manual_seed(4);
  const auto p = random_parameters(at::kFloat, kUnequal);
  const at::Tensor u = at::randn({kTokens, kInput});
  const at::Tensor y = at::randn({kTokens, 20});
  const at::Tensor adapted = add_lora(u, y.clone(), p, false);
  CHECK(at::equal(adapted.narrow(1, 6, 5), y.narrow(1, 6, 5)));
  CHECK_FALSE(at::equal(adapted.narrow(1, 0, 6), y.narrow(1, 0, 6)));
}

TEST_CASE("a group without members leaves y alone, and no token is no problem") {
  const auto none = random_parameters(at::kFloat, {{}, {}, {}});
  const at::Tensor y = at::randn({kTokens, 20});
  CHECK(at::equal(add_lora(at::randn({kTokens, kInput}), y.clone(), none, false), y));
  const auto some = random_parameters(at::kFloat, kUnequal);
  CHECK(add_lora(at::zeros({0, kInput}), at::zeros({0, 20}), some, true).sizes() == at::IntArrayRef({0, 20}));
}

TEST_CASE("a zero gate halves the update") {
  at::manual_seed(5);
  const auto p = random_parameters(at::kFloat, kUnequal);
  p->v.zero_();
  const at::Tensor u = at::randn({kTokens, kInput});
  const at::Tensor zeros = at::zeros({kTokens, 20});
  check_close(add_lora(u, zeros.clone(), p, true), 0.5 * add_lora(u, zeros.clone(), p, false), 1e-6);
}

TEST_CASE("working in place is visible to autograd") {
  at::manual_seed(6);
  const auto p = random_parameters(at::kFloat, kUnequal);
  const at::Tensor u = at::randn({kTokens, kInput}).requires_grad_();
  const at::Tensor weight = at::randn({20, kInput});
  const at::Tensor y = at::linear(u, weight);
  const at::Tensor square = y * y;  // remembers y as it was before the adapter
  const at::Tensor adapted = add_lora(u, y, p, false);
  CHECK_THROWS(torch::autograd::grad({(square + adapted).sum()}, {u}));
}

TEST_CASE("LoRA under a bf16 base rounds no more than bf16 does") {
  at::manual_seed(7);
  const bool gated = GENERATE(false, true);
  const auto p = random_parameters(at::kFloat, kUnequal);
  for (const at::Tensor& leaf : {p->a, p->b, p->v}) leaf.requires_grad_();
  const at::Tensor u = at::randn({kTokens, kInput}).to(at::kBFloat16);
  const at::Tensor y = at::randn({kTokens, 20}).to(at::kBFloat16);
  const at::Tensor found = add_lora(u, y.clone(), p, gated);
  CHECK(found.scalar_type() == at::kBFloat16);
  const at::Tensor expected = by_formula(u.to(at::kFloat), y.to(at::kFloat), *p, gated);
  check_close(found.to(at::kFloat), expected, 0.03);
  const std::vector<at::Tensor> leaves = gated ? std::vector{p->a, p->b, p->v} : std::vector{p->a, p->b};
  const auto gradients = torch::autograd::grad({found.to(at::kFloat).sum()}, leaves);
  const auto reference = torch::autograd::grad({expected.sum()}, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) check_close(gradients[i], reference[i], 0.03);
}

}  // namespace phatgoose
