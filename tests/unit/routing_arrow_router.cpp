// Arrow's directions and scores on awkward factors.
#include "phatgoose/routing/arrow_router.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

namespace phatgoose {
namespace {

at::Tensor scores_of(const at::Tensor& directions, const at::Tensor& u) {
  const Packing packing = Packing::of_lengths(std::vector<std::int64_t>{u.size(0)});
  return ArrowRouter(directions).scores(u, Pass{packing});
}

}  // namespace

TEST_CASE("a direction is the top right singular vector, for any shape of the factors") {
  at::manual_seed(31);
  const std::int64_t in = GENERATE(3, 24, 70), out = GENERATE(2, 33), rank = GENERATE(1, 4, 40);
  CAPTURE(in, out, rank);
  const at::Tensor a = at::randn({rank, in}), b = at::randn({out, rank}) * 1e-3;
  const at::Tensor direction = arrow_direction(a, b);
  CHECK(direction.scalar_type() == at::kFloat);
  CHECK(direction.norm().item<double>() == Approx(1.0).epsilon(1e-6));
  const auto [left, values, right] = at::linalg_svd(at::mm(b.to(at::kDouble), a.to(at::kDouble)), false);
  const double cosine = right[0].dot(direction.to(at::kDouble)).abs().item<double>();
  CHECK(std::abs(cosine - 1.0) < 1e-6);
}

TEST_CASE("scaling or turning the factors does not turn the direction") {
  at::manual_seed(32);
  const at::Tensor a = at::randn({4, 24}), b = at::randn({33, 4});
  const at::Tensor direction = arrow_direction(a, b);
  const at::Tensor mixing = at::randn({4, 4});
  const at::Tensor same = arrow_direction(at::mm(at::linalg_inv(mixing), a), at::mm(b, mixing) * -7.0);
  CHECK(direction.dot(same).abs().item<double>() == Approx(1.0).epsilon(1e-5));
}

TEST_CASE("an update of zero has some direction, without NaN") {
  at::manual_seed(33);
  const at::Tensor direction = arrow_direction(at::randn({4, 24}), at::zeros({33, 4}));
  CHECK(at::isfinite(direction).all().item<bool>());
  CHECK(direction.norm().item<double>() == Approx(1.0).epsilon(1e-6));
}

TEST_CASE("arrow's scores are |u . v|, neither centred nor scaled, whatever the sign of v") {
  at::manual_seed(34);
  const at::Tensor v = at::randn({5, 24}), u = at::randn({20, 24}) * 3.0 + 1.0;
  const at::Tensor expected = at::mm(u.to(at::kDouble), v.to(at::kDouble).t()).abs();
  const at::Tensor scores = scores_of(v, u);
  CHECK(((scores - expected).abs().max() / expected.max()).item<double>() < 1e-6);
  CHECK(at::equal(scores_of(-v, u), scores));
  CHECK(at::allclose(scores_of(v, u * -2.0), scores * 2.0, 1e-6, 1e-6));
}

TEST_CASE("arrow's scores of bf16 inputs are computed in fp32") {
  at::manual_seed(35);
  const at::Tensor v = at::randn({5, 24}), u = at::randn({20, 24}).to(at::kBFloat16);
  const at::Tensor scores = scores_of(v, u);
  CHECK(scores.scalar_type() == at::kFloat);
  CHECK(at::equal(scores, scores_of(v, u.to(at::kFloat))));
}

}  // namespace phatgoose
