// How tasks mix skills, against numbers computed by hand.
#include "phatgoose/store/mixing_weights.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "support/modular_adapter.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::ModularAdapter;
using test::ScratchDirectory;

/// The logit of a probability.
float z(double probability) { return static_cast<float>(std::log(probability / (1 - probability))); }

std::vector<double> weights_of(const std::vector<float>& logits, std::int64_t skills) {
  return mixing_weights({DType::f32, {1, static_cast<std::int64_t>(logits.size())}, std::as_bytes(std::span(logits))},
                        skills);
}

void check_numbers(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == Approx(expected[i]).epsilon(1e-6));
  }
}

/// Poly of two skills, with a linear for each path and the logits of two tasks there.
ModularDirectory poly(const ScratchDirectory& scratch, const std::vector<std::string>& paths,
                      const std::vector<std::vector<float>>& logits, const ModularShape& shape) {
  ModularAdapter adapter{.shape = shape};
  adapter.linears.clear();
  for (const std::string& path : paths) adapter.linears.push_back({path, 4, 4});
  adapter.logits = logits;
  adapter.write(scratch.path());
  return ModularDirectory::open(scratch.path());
}

constexpr ModularShape kPoly{ModularMethod::poly, 1, 2, 1, 1};

}  // namespace

TEST_CASE("weights are the sigmoids of a mixture over their sum") {
  check_numbers(weights_of({z(0.75), z(0.25)}, 2), {0.75, 0.25});
  check_numbers(weights_of({z(0.8), z(0.5), z(0.5), z(0.1)}, 2), {8.0 / 13, 5.0 / 13, 5.0 / 6, 1.0 / 6});
  check_numbers(weights_of({z(0.8), z(0.5), z(0.5), z(0.2)}, 4), {0.4, 0.25, 0.25, 0.1});
  check_numbers(weights_of({0, 0, 0, 0}, 4), {0.25, 0.25, 0.25, 0.25});
  // Where all sigmoids are tiny, so is their sum next to 1e-12.
  const double tiny = std::exp(-30.0);
  check_numbers(weights_of({-30, -30}, 2), {tiny / (2 * tiny + 1e-12), tiny / (2 * tiny + 1e-12)});
  check_numbers(weights_of({-1000, -1000, 1000, -1000}, 2), {0, 0, 1, 0});
}

TEST_CASE("the effective number of skills is the exponential of the entropy") {
  const auto effective = [](const std::vector<double>& weights) {
    return effective_skills(weights.data(), static_cast<std::int64_t>(weights.size()));
  };
  CHECK(effective({0.25, 0.25, 0.25, 0.25}) == Approx(4));
  CHECK(effective({0, 1, 0}) == Approx(1));
  CHECK(effective({0.75, 0.25}) == Approx(4 / std::pow(3, 0.75)));
  CHECK(effective({0.3, 0.1}) == Approx(4 / std::pow(3, 0.75)));  // half of what sums to 1, and less
  CHECK(effective({0, 0}) == 0);
}

TEST_CASE("tasks are compared over all linears") {
  const ScratchDirectory scratch;
  const ModularDirectory adapter =
      poly(scratch, {"encoder.block.0.layer.0.SelfAttention.q", "encoder.block.0.layer.0.SelfAttention.k"},
           {{z(0.75), z(0.25), z(0.25), z(0.75)}, {0, 0, 0, 0}}, kPoly);
  // [3/4, 1/4, 1/2, 1/2] and [1/4, 3/4, 1/2, 1/2]
  check_numbers(task_similarity(adapter), {1, 7.0 / 9, 7.0 / 9, 1});
}

TEST_CASE("a task whose weights are all zero is like none") {
  const ScratchDirectory scratch;
  const std::vector<double> cosines =
      task_similarity(poly(scratch, {"encoder.block.0.layer.0.SelfAttention.q"}, {{0, 0, -1000, -1000}}, kPoly));
  CHECK(cosines[0] == Approx(1));
  for (const std::size_t i : {1, 2, 3}) CHECK(std::isnan(cosines[i]));
}

TEST_CASE("skills are told layer by layer, as means over linears, mixtures and tasks") {
  const ScratchDirectory scratch;
  const std::vector<float> even = {0, 0, 0, 0};
  const auto layers = skills_by_layer(
      poly(scratch,
           {"decoder.block.2.layer.0.SelfAttention.q", "lm_head", "encoder.block.10.layer.0.SelfAttention.q",
            "encoder.block.9.layer.0.SelfAttention.q", "encoder.block.9.layer.1.DenseReluDense.wo"},
           {even, even, even, {z(0.75), z(0.25), 1000, -1000}, {z(0.8), z(0.5), 0, 0}}, kPoly));
  REQUIRE(layers.size() == 4);
  CHECK(layers[0].layer == "encoder.block.9");
  CHECK(layers[1].layer == "encoder.block.10");
  CHECK(layers[2].layer == "decoder.block.2");
  CHECK(layers[3].layer == "lm_head");
  const double third = std::exp(-(8.0 / 13 * std::log(8.0 / 13) + 5.0 / 13 * std::log(5.0 / 13)));
  CHECK(layers[0].effective == Approx((4 / std::pow(3, 0.75) + 1 + third + 2) / 4));
  check_numbers(layers[0].weights, {(0.75 + 1 + 8.0 / 13 + 0.5) / 4, (0.25 + 0 + 5.0 / 13 + 0.5) / 4});
  CHECK(layers[1].effective == Approx(2));
  check_numbers(layers[2].weights, {0.5, 0.5});
}

TEST_CASE("every split and every order is a mixture of its own") {
  const std::vector<float> logits = {z(0.75), z(0.25), 0, 0, 0, 0, z(0.1), z(0.9)};
  for (const ModularShape& shape :
       {ModularShape{ModularMethod::mhr, 1, 2, 2, 1}, ModularShape{ModularMethod::tensorpoly_2, 1, 2, 1, 2}}) {
    const ScratchDirectory scratch;
    const ModularDirectory adapter = poly(scratch, {"encoder.block.0.layer.0.SelfAttention.q"}, {logits}, shape);
    // [3/4, 1/4, 1/2, 1/2] and [1/2, 1/2, 1/10, 9/10]
    const double cosine = (0.5 + 0.5) / std::sqrt((0.625 + 0.5) * (0.5 + 0.82));
    check_numbers(task_similarity(adapter), {1, cosine, cosine, 1});
    const auto layers = skills_by_layer(adapter);
    REQUIRE(layers.size() == 1);
    check_numbers(layers[0].weights, {(0.75 + 0.5 + 0.5 + 0.1) / 4, (0.25 + 0.5 + 0.5 + 0.9) / 4});
  }
}

}  // namespace phatgoose
