// Merged experts against sums in double precision, and against what peft makes of the same experts.
#include "phatgoose/adapters/merge.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/base/random.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;

constexpr const char* kQuery = "encoder.block.0.layer.0.SelfAttention.q";
constexpr const char* kKey = "encoder.block.0.layer.0.SelfAttention.k";
constexpr std::int64_t kIn = 24, kOut = 40;

at::Tensor exact(const TensorView& view) { return to_tensor(view, at::kCPU, at::kDouble); }

/// c B A in fp64.
at::Tensor exact_product(const LoraEntry& lora) {
  return at::mm(exact(lora.b), exact(lora.a)) * lora.scale;  // [out, in]
}

/// The mean of c_e B_e A_e over all experts, one dense fp64 matrix after the other; undefined where no expert has one.
at::Tensor exact_mean(const std::vector<ExpertDirectory>& experts, const std::string& path) {
  at::Tensor sum;
  for (const ExpertDirectory& expert : experts) {
    if (!expert.loras().contains(path)) continue;
    const at::Tensor product = exact_product(expert.loras().at(path));
    sum = sum.defined() ? sum + product : product;
  }
  return sum.defined() ? sum / static_cast<double>(experts.size()) : sum;
}

double relative_error(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).abs().max() / expected.abs().max()).item<double>();
}

std::vector<ExpertDirectory> golden_experts(const std::vector<std::string>& names) {
  std::vector<ExpertDirectory> experts;
  for (const std::string& name : names) experts.push_back(ExpertDirectory::open(golden_path("experts") / name));
  return experts;
}

/// Writes an expert with random factors of `rank` at each of `paths`.
ExpertDirectory make_expert(const fs::path& directory, const std::vector<std::string>& paths, std::int64_t rank,
                            double alpha, std::uint64_t seed) {
  RandomStream random(seed, 0);
  std::vector<std::vector<float>> kept;
  const auto numbers = [&](std::int64_t count) {
    std::vector<float>& values = kept.emplace_back(count);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values.data();
  };
  kept.reserve(2 * paths.size());
  std::vector<LoraTensors> loras;
  for (const std::string& path : paths)
    loras.push_back({path, kIn, kOut, rank, numbers(rank * kIn), numbers(kOut * rank)});
  write_adapter(directory, loras, alpha, "base");
  return ExpertDirectory::open(directory);
}

}  // namespace

TEST_CASE("merged products are the dense mean over all experts, unequal ranks, scales and linears included") {
  const auto experts = golden_experts({"wide", "attention", "feed_forward", "encoder", "narrow"});
  check_mergeable(MergeRule::product, experts);
  std::size_t adapted = 0;
  for (const LinearSpec& linear : adapted_linears(read_t5_config(golden_path("t5_v1_1/model")))) {
    CAPTURE(linear.path);
    const at::Tensor update = merged_update(MergeRule::product, loras_of(experts), linear.path, at::kCPU);
    const at::Tensor expected = exact_mean(experts, linear.path);
    REQUIRE(update.defined() == expected.defined());
    if (!update.defined()) continue;
    ++adapted;
    CHECK(update.scalar_type() == at::kFloat);
    CHECK(relative_error(update, expected) < 1e-6);
  }
  CHECK(adapted == 35);
}

TEST_CASE("merged products are the stacked factors that peft makes of the same experts") {
  const Json expected = read_json(golden_path("peft_merged/expected.json"));
  const auto experts = golden_experts(expected.at("experts").get<std::vector<std::string>>());
  const ExpertDirectory stacked = ExpertDirectory::open(golden_path("peft_merged/adapter"));
  CHECK(stacked.loras().size() == 35);
  for (const auto& [path, lora] : stacked.loras()) {
    CAPTURE(path);
    CHECK(lora.rank == 14);
    CHECK(lora.scale == 1.0);
    const at::Tensor update = merged_update(MergeRule::product, loras_of(experts), path, at::kCPU);
    CHECK(relative_error(update, exact_product(lora)) < 1e-6);
  }
}

TEST_CASE("stacked factors are multiplied in blocks without a difference") {
  const ScratchDirectory scratch;
  std::vector<ExpertDirectory> experts;
  for (const std::int64_t rank : {700, 300, 24, 1, 1500, 600}) {
    const std::string name = "rank" + std::to_string(rank);
    experts.push_back(make_expert(scratch / name, {kQuery}, rank, 2.0, static_cast<std::uint64_t>(rank)));
  }
  const at::Tensor update = merged_update(MergeRule::product, loras_of(experts), kQuery, at::kCPU);
  CHECK(relative_error(update, exact_mean(experts, kQuery)) < 1e-6);
}

TEST_CASE("merged factors are the product of the mean factors") {
  const ScratchDirectory scratch;
  std::vector<ExpertDirectory> experts;
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    experts.push_back(make_expert(scratch / std::to_string(seed), {kQuery, kKey}, 3, 6.0, seed));
  }
  check_mergeable(MergeRule::factors, experts);
  for (const char* path : {kQuery, kKey}) {
    at::Tensor a = at::zeros({3, kIn}, at::kDouble), b = at::zeros({kOut, 3}, at::kDouble);
    for (const ExpertDirectory& expert : experts) {
      a += exact(expert.loras().at(path).a) / 3;
      b += exact(expert.loras().at(path).b) / 3;
    }
    const at::Tensor update = merged_update(MergeRule::factors, loras_of(experts), path, at::kCPU);
    CHECK(update.scalar_type() == at::kFloat);
    CHECK(relative_error(update, 2.0 * at::mm(b, a)) < 1e-6);
    CHECK(relative_error(update, exact_mean(experts, path)) > 0.1);  // the rules differ
  }
}

TEST_CASE("one expert merged by either rule is that expert") {
  const auto experts = golden_experts({"feed_forward"});
  for (const auto& [path, lora] : experts.front().loras()) {
    for (const MergeRule rule : {MergeRule::factors, MergeRule::product}) {
      CHECK(relative_error(merged_update(rule, loras_of(experts), path, at::kCPU), exact_product(lora)) < 1e-6);
    }
  }
}

TEST_CASE("factors of experts that differ have no mean: two experts are named, and what differs") {
  const ScratchDirectory scratch;
  const ExpertDirectory first = make_expert(scratch / "first", {kQuery, kKey}, 3, 6.0, 1);
  const auto refused = [&](const ExpertDirectory& other, const std::string& says) {
    const std::vector<ExpertDirectory> experts = {first, first, other};
    CHECK_NOTHROW(check_mergeable(MergeRule::product, experts));
    CHECK_THROWS_MATCHES(check_mergeable(MergeRule::factors, experts), Error,
                         FailsWith(ExitCode::bad_data, first.path().string(), other.path().string(), says));
  };
  refused(make_expert(scratch / "rank", {kQuery, kKey}, 4, 8.0, 2), std::string("ranks 3 and 4 at ") + kKey);
  refused(make_expert(scratch / "scale", {kQuery, kKey}, 3, 3.0, 2), std::string("scales 2 and 1 at ") + kKey);
  refused(make_expert(scratch / "fewer", {kQuery}, 3, 6.0, 2), std::string("only first adapts ") + kKey);
  refused(make_expert(scratch / "more", {kQuery, kKey, "decoder.block.0.layer.0.SelfAttention.q"}, 3, 6.0, 2),
          "only more adapts decoder");
}

}  // namespace phatgoose
