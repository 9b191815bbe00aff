// Dropout noise belongs to a row of the global batch of a step: packing and micro-batches do not change it.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"

namespace phatgoose::parity {
namespace {

constexpr double kRate = 0.3;
constexpr std::uint64_t kSeed = 11;

struct Sample {
  double loss = 0;  ///< summed over tokens
  std::map<std::string, at::Tensor> gradients;
};

/// Loss and gradients of all rows, in passes of the given rows of the global batch.
Sample run(const std::vector<std::vector<std::int64_t>>& passes, std::uint64_t seed, std::uint64_t step) {
  const Golden golden("t5_v1_1");
  const auto sources = golden.rows("sources");
  const auto targets = golden.rows("targets");
  const auto model = load_model("t5_v1_1");
  require_gradients(model);
  Sample sample;
  for (const auto& rows : passes) {
    std::vector<TokenIds> some_sources, some_targets;
    for (const auto row : rows) {
      some_sources.push_back(sources[static_cast<std::size_t>(row)]);
      some_targets.push_back(targets[static_cast<std::size_t>(row)]);
    }
    const Dropout dropout(kRate, seed, step, rows);
    const auto loss = loss_sum(model, some_sources, some_targets, &dropout);
    loss.backward();
    sample.loss += loss.item<double>();
  }
  sample.gradients = base_gradients(model);
  return sample;
}

TEST_CASE("Dropout noise does not depend on the packing or the micro-batches", "[invariance]") {
  const auto whole = run({{0, 1, 2, 3, 4}}, kSeed, 3);
  const std::vector<std::vector<std::int64_t>> passes =
      GENERATE(std::vector<std::vector<std::int64_t>>{{0}, {1}, {2}, {3}, {4}},
               std::vector<std::vector<std::int64_t>>{{3, 1}, {4, 0, 2}});
  CAPTURE(passes);
  const auto split = run(passes, kSeed, 3);
  CHECK(split.loss == Approx(whole.loss).epsilon(kTolerance));
  for (const auto& [parameter, gradient] : split.gradients) {
    CAPTURE(parameter);
    CHECK(relative_difference(gradient, whole.gradients.at(parameter)) < kTolerance);
  }
}

TEST_CASE("Dropout noise differs between seeds, steps and rows", "[invariance]") {
  const double loss = run({{1}}, kSeed, 3).loss;
  CHECK(run({{1}}, kSeed, 3).loss == loss);
  CHECK(run({{1}}, kSeed + 1, 3).loss != Approx(loss).epsilon(1e-4));
  CHECK(run({{1}}, kSeed, 4).loss != Approx(loss).epsilon(1e-4));

  const Golden golden("t5_v1_1");
  const auto model = load_model("t5_v1_1");
  const std::vector<TokenIds> sources(2, golden.rows("sources")[3]);
  const auto input = pack_ids(sources, at::kCPU);
  const Dropout dropout(kRate, kSeed, 3, {7, 8});
  const auto halves = model.encode_states(input, &dropout).chunk(2);  // the same row in two places of the batch
  CHECK(relative_difference(halves[1], halves[0]) > 1e-2);
}

}  // namespace
}  // namespace phatgoose::parity
