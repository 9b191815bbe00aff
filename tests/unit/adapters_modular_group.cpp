// What modular multi-task adapters mix (METHODS 6, 7), against explicit tensor products, expansions and blocks.
#include "phatgoose/adapters/modular_group.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "phatgoose/adapters/mixing.h"
#include "phatgoose/adapters/tensor_product.h"
#include "phatgoose/bench/shapes.h"
#include "support/fails_with.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kLeafInput = 12, kLeafOutput = 20, kGroupTasks = 3;

const LinearGroupSpec kGroup{.linears = {{"m.q", kLeafInput, kLeafOutput}, {"m.k", kLeafInput, kLeafOutput}},
                             .on_encoder_tokens = true};

/// Random numbers, in double precision so that differences are those of the formulas.
ModularGroup random_group(const ModularShape& shape) {
  at::manual_seed(7);
  ModularGroup group = ModularGroup::zeros(kGroup, shape, kGroupTasks, at::kCPU);
  const auto fill = [](at::Tensor& tensor) {
    if (tensor.defined()) tensor = at::randn(tensor.sizes(), at::kDouble);
  };
  fill(group.a);
  fill(group.b);
  fill(group.logits);
  return group;
}

MixedFactors mix_all(const ModularGroup& group) {
  const std::vector<std::int64_t> all = {0, 1, 2};
  return group.mix(group.logits.defined() ? group.logits_of_tasks(all) : at::Tensor());
}

at::Tensor layer_norm(const at::Tensor& x) {  // over everything
  const at::Tensor centred = x - x.mean();
  return centred / (centred.square().mean() + 1e-5).sqrt();
}

/// The Kronecker product of the vectors [q] of one rank row, the first the slowest.
at::Tensor kronecker(const std::vector<at::Tensor>& vectors) {
  at::Tensor product = vectors.front();
  for (std::size_t o = 1; o < vectors.size(); ++o) product = at::kron(product, vectors[o]);
  return product;
}

/// Kronecker products of orders [first, first + 2) of `leaves` [O, R, q], row by row.
at::Tensor rows_of_products(const at::Tensor& leaves, std::int64_t first) {
  std::vector<at::Tensor> rows;
  for (std::int64_t r = 0; r < leaves.size(1); ++r) rows.push_back(kronecker({leaves[first][r], leaves[first + 1][r]}));
  return at::stack(rows);  // [R, q^2]
}

/// LN(1 x 2), or LN(1 x 2) x LN(3 x 4), cut, given what the LN of a pair of orders is.
at::Tensor joined(std::int64_t order, std::int64_t length,
                  const std::function<at::Tensor(std::int64_t)>& norm_of_pair) {
  at::Tensor rows = norm_of_pair(0);
  if (order == 4) {
    const at::Tensor fast = norm_of_pair(2);
    std::vector<at::Tensor> products;
    for (std::int64_t r = 0; r < rows.size(0); ++r) products.push_back(kronecker({rows[r], fast[r]}));
    rows = at::stack(products);
  }
  return rows.narrow(1, 0, length);  // [R, length]
}

at::Tensor explicit_vectors(const at::Tensor& leaves, std::int64_t length) {  // of one s: [O, R, q]
  return joined(leaves.size(0), length, [&](std::int64_t o) { return layer_norm(rows_of_products(leaves, o)); });
}

void check_equal(const at::Tensor& found, const at::Tensor& expected) {
  REQUIRE(found.sizes() == expected.sizes());
  CHECK((found - expected).abs().max().item<double>() < 1e-12);
}

/// A of member m and task t.
at::Tensor a_of(const MixedFactors& mixed, const ModularGroup& group, std::int64_t m, std::int64_t t) {
  return mixed.a[t].narrow(0, m * group.shape.rank, group.shape.rank);
}

at::Tensor b_of(const MixedFactors& mixed, const ModularGroup& group, std::int64_t m, std::int64_t t) {
  return mixed.b[t].view({group.members(), group.out, group.shape.rank})[m];
}

ModularShape shape_of(ModularMethod method, std::int64_t order) {
  return {.method = method, .rank = 3, .skills = 2, .splits = 1, .order = order};
}

}  // namespace

TEST_CASE("leaves have the smallest sizes whose powers are enough") {
  CHECK(shape_of(ModularMethod::tlora, 2).leaf_size(12) == 4);
  CHECK(shape_of(ModularMethod::tlora, 2).leaf_size(16) == 4);
  CHECK(shape_of(ModularMethod::tlora, 2).leaf_size(17) == 5);
  CHECK(shape_of(ModularMethod::tlora, 4).leaf_size(81) == 3);
  CHECK(shape_of(ModularMethod::tlora, 4).leaf_size(5120) == 9);
}

TEST_CASE("TLoRA and TensorPoly-I mix explicit tensor products") {
  const std::int64_t order = GENERATE(2, 4);
  const auto method = GENERATE(ModularMethod::tlora, ModularMethod::tensorpoly_1);
  const ModularGroup group = random_group(shape_of(method, order));
  const MixedFactors mixed = mix_all(group);
  for (std::int64_t m = 0; m < 2; ++m) {
    for (std::int64_t t = 0; t < (group.logits.defined() ? kGroupTasks : 1); ++t) {
      at::Tensor a = at::zeros({3, kLeafInput}, at::kDouble), b = at::zeros({3, kLeafOutput}, at::kDouble);
      for (std::int64_t s = 0; s < 2; ++s) {
        const double w = group.logits.defined() ? mixing_weights(group.logits_of(m)[t])[s].item<double>() : 1.0;
        a += w * explicit_vectors(group.a_of(m).select(1, s), kLeafInput);
        b += w * explicit_vectors(group.b_of(m).select(1, s), kLeafOutput);
      }
      check_equal(a_of(mixed, group, m, t), a);
      check_equal(b_of(mixed, group, m, t), b.t());
    }
  }
}

TEST_CASE("TensorPoly-II holds the expansion of all S^O products inside its norms") {
  const std::int64_t order = GENERATE(2, 4);
  const ModularGroup group = random_group(shape_of(ModularMethod::tensorpoly_2, order));
  const MixedFactors mixed = mix_all(group);
  const std::int64_t m = 1, t = 2;
  const at::Tensor w = mixing_weights(group.logits_of(m)[t].view({order, 2}));  // [O, S]
  const auto expanded = [&](const at::Tensor& leaves, std::int64_t length) {    // [O, S, R, q]
    return joined(order, length, [&](std::int64_t o) {
      at::Tensor sum = at::zeros({3, leaves.size(3) * leaves.size(3)}, at::kDouble);
      for (std::int64_t first = 0; first < 2; ++first) {
        for (std::int64_t second = 0; second < 2; ++second) {
          for (std::int64_t r = 0; r < 3; ++r) {
            sum[r] += w[o][first] * w[o + 1][second] * kronecker({leaves[o][first][r], leaves[o + 1][second][r]});
          }
        }
      }
      return layer_norm(sum);
    });
  };
  check_equal(a_of(mixed, group, m, t), expanded(group.a_of(m), kLeafInput));
  check_equal(b_of(mixed, group, m, t), expanded(group.b_of(m), kLeafOutput).t());
}

TEST_CASE("MHR mixes every block by its own weights; Poly is MHR of one block") {
  const std::int64_t splits = GENERATE(1, 4);
  const ModularGroup group =
      random_group({.method = ModularMethod::mhr, .rank = 3, .skills = 2, .splits = splits, .order = 1});
  const MixedFactors mixed = mix_all(group);
  for (std::int64_t m = 0; m < 2; ++m) {
    for (std::int64_t t = 0; t < kGroupTasks; ++t) {
      const at::Tensor w = mixing_weights(group.logits_of(m)[t].view({splits, 2}));  // [P, S]
      std::vector<at::Tensor> a_blocks, b_blocks;
      for (std::int64_t p = 0; p < splits; ++p) {
        a_blocks.push_back(w[p][0] * group.a_of(m)[p][0] + w[p][1] * group.a_of(m)[p][1]);  // [in / P, R]
        b_blocks.push_back(w[p][0] * group.b_of(m)[p][0] + w[p][1] * group.b_of(m)[p][1]);  // [R, out / P]
      }
      check_equal(a_of(mixed, group, m, t), at::cat(a_blocks, 0).t());
      check_equal(b_of(mixed, group, m, t), at::cat(b_blocks, 1).t());
    }
  }
}

TEST_CASE("weights are sigmoids that sum to one, also of logits far away") {
  const at::Tensor w = mixing_weights(at::tensor({0.0, std::log(3.0)}, at::kDouble));
  CHECK(w[0].item<double>() == Approx(0.5 / (0.5 + 0.75)));
  CHECK(w[1].item<double>() == Approx(0.75 / (0.5 + 0.75)));
  CHECK(mixing_weights(at::full({4}, -200.0)).isfinite().all().item<bool>());
  const at::Tensor u = at::full({1}, 0.8);
  CHECK(relaxed_bernoulli_logits(at::zeros({1}), u).sigmoid().item<float>() == Approx(0.8));
}

TEST_CASE("gradients of mixtures agree with finite differences") {
  const auto method =
      GENERATE(ModularMethod::tlora, ModularMethod::tensorpoly_1, ModularMethod::tensorpoly_2, ModularMethod::mhr);
  const bool leaves = has_leaves(method);
  const std::int64_t order = leaves ? GENERATE(2, 4) : 1;
  ModularGroup group =
      random_group({.method = method, .rank = 2, .skills = 2, .splits = leaves ? 1 : 2, .order = order});
  const at::Tensor da = at::randn_like(mix_all(group).a), db = at::randn_like(mix_all(group).b);
  const auto value = [&] {
    const MixedFactors mixed = mix_all(group);
    return (mixed.a * da).sum() + (mixed.b * db).sum();
  };
  std::vector<at::Tensor> tensors = {group.a, group.b};
  if (group.logits.defined()) tensors.push_back(group.logits);
  for (at::Tensor& tensor : tensors) tensor.requires_grad_();
  const auto gradients = torch::autograd::grad({value()}, tensors);
  const at::NoGradGuard no_grad;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor flat = tensors[i].view({-1});
    const double scale = gradients[i].abs().max().item<double>();
    for (std::int64_t j = 0; j < flat.numel(); j += 5) {
      const double kept = flat[j].item<double>(), step = 1e-6;
      const auto at_value = [&](double x) {
        flat[j].fill_(x);
        const double result = value().item<double>();
        flat[j].fill_(kept);
        return result;
      };
      const double difference = (at_value(kept + step) - at_value(kept - step)) / (2 * step);
      CHECK(std::abs(gradients[i].view({-1})[j].item<double>() - difference) <= 1e-6 * scale);
    }
  }
}

TEST_CASE("splits must divide both sides") {
  const ModularShape shape{.method = ModularMethod::mhr, .rank = 1, .skills = 2, .splits = 3, .order = 1};
  CHECK_THROWS_MATCHES(ModularGroup::zeros(kGroup, shape, 1, at::kCPU), Error,
                       test::FailsWith(ExitCode::bad_data, "m.q", "from 12 to 20", "3 splits divide"));
}

TEST_CASE("the parameters of T5-XL are as many as published") {
  const auto counts = [](ModularMethod method, std::int64_t rank, std::int64_t skills, std::int64_t splits,
                         std::int64_t order) {
    const ModularShape shape{.method = method, .rank = rank, .skills = skills, .splits = splits, .order = order};
    std::int64_t adapters = 0, routing = 0;
    for (const LinearSpec& linear : adapted_linears(*named_shape("t5-v1.1-xl"))) {
      adapters += count_of(shape.a_shape(linear.in)) + count_of(shape.b_shape(linear.out));
      routing += shape.logits();
    }
    return std::pair(adapters, routing);
  };
  using Counts = std::pair<std::int64_t, std::int64_t>;
  using enum ModularMethod;
  CHECK(counts(poly, 16, 1, 1, 1).first == 35'389'440);  // a single skill is a LoRA
  CHECK(counts(poly, 1, 8, 1, 1) == Counts(17'694'720, 3'456));
  CHECK(counts(mhr, 1, 8, 64, 1) == Counts(17'694'720, 221'184));
  CHECK(counts(tlora, 16, 1, 1, 2) == Counts(1'391'616, 0));
  CHECK(counts(tlora, 16, 1, 1, 4) == Counts(405'504, 0));
  CHECK(counts(tensorpoly_1, 16, 8, 1, 2) == Counts(11'132'928, 3'456));
  CHECK(counts(tensorpoly_1, 16, 8, 1, 4) == Counts(3'244'032, 3'456));
  CHECK(counts(tensorpoly_2, 16, 8, 1, 2) == Counts(11'132'928, 6'912));
  CHECK(counts(tensorpoly_2, 16, 8, 1, 4) == Counts(3'244'032, 13'824));
}

}  // namespace phatgoose
