// The expert in memory: where training starts, what is trainable, what is refused.
#include "phatgoose/adapters/expert_parameters.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "support/golden.h"
#include "support/scratch_directory.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

const LinearGroupSpec kQkv{.linears = {{"m.q", 64, 32}, {"m.k", 64, 32}, {"m.v", 64, 32}}, .on_encoder_tokens = true};
const LinearGroupSpec kOutput{.linears = {{"m.o", 32, 64}}, .on_encoder_tokens = true};

at::Tensor initial_a(const ExpertParameters& expert, const std::string& path) {
  for (const auto& group : expert.groups()) {
    for (const LoraMember& member : group->members) {
      if (member.path == path) return group->a_of(member);
    }
  }
  return {};
}

}  // namespace

TEST_CASE("a new expert starts at N(0, 0.01^2) and 0, with scale 1/R") {
  const auto expert = ExpertParameters::initial({kQkv, kOutput}, 64, 7, at::kCPU);
  for (const auto& group : expert.groups()) {
    CHECK(group->b.abs().max().item<double>() == 0.0);
    CHECK(std::abs(group->a.mean().item<double>()) < 0.001);
    CHECK(group->a.std().item<double>() == Approx(0.01).epsilon(0.07));
    for (const LoraMember& member : group->members) CHECK(member.scale == 1.0 / 64);
  }
}

TEST_CASE("initial factors depend on seed and module path only") {
  const auto together = ExpertParameters::initial({kQkv, kOutput}, 4, 7, at::kCPU);
  LinearGroupSpec reversed = kQkv;
  std::reverse(reversed.linears.begin(), reversed.linears.end());
  const auto apart = ExpertParameters::initial({kOutput, reversed}, 4, 7, at::kCPU);
  for (const char* path : {"m.q", "m.k", "m.v", "m.o"}) {
    CHECK(at::equal(initial_a(together, path), initial_a(apart, path)));
  }
  CHECK_FALSE(at::equal(initial_a(together, "m.q"), initial_a(together, "m.k")));
  const auto other_seed = ExpertParameters::initial({kQkv, kOutput}, 4, 8, at::kCPU);
  CHECK_FALSE(at::equal(initial_a(together, "m.q"), initial_a(other_seed, "m.q")));
}

TEST_CASE("factors saved as bf16 are the fp32 ones rounded to it") {
  const test::ScratchDirectory scratch;
  const std::vector<LinearGroupSpec> groups = linear_groups(test::tiny_config());
  const auto expert = ExpertParameters::initial(groups, 4, 7, at::kCPU);
  expert.save_adapter(scratch.path(), "base", at::kBFloat16);
  const ExpertDirectory stored = ExpertDirectory::open(scratch.path());
  CHECK(stored.loras().begin()->second.a.dtype == DType::bf16);
  const auto loaded = ExpertParameters::load(stored, groups, at::kCPU);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    CHECK(loaded.groups()[g]->a.equal(expert.groups()[g]->a.to(at::kBFloat16).to(at::kFloat)));
    CHECK_FALSE(loaded.groups()[g]->a.equal(expert.groups()[g]->a));
  }
}

TEST_CASE("a saved expert promises no more than it has") {
  const test::ScratchDirectory scratch;
  const T5Config base = read_t5_config(test::golden_path("t5_v1_1/model"));
  const std::string golden = GENERATE("peft_default/adapter", "peft_query_value/adapter", "peft_layers/adapter");
  CAPTURE(golden);
  const ExpertDirectory before = ExpertDirectory::open(test::golden_path(golden));
  ExpertParameters::load(before, linear_groups(base), at::kCPU).save_adapter(scratch.path(), "base");
  const ExpertDirectory saved = ExpertDirectory::open(scratch.path());
  CHECK(saved.loras().size() == before.loras().size());
  CHECK(saved.missing(base).empty());
}

TEST_CASE("only what is set trainable is listed, under stable names") {
  auto expert = ExpertParameters::initial({kQkv, kOutput}, 4, 7, at::kCPU);
  CHECK(expert.trainable().empty());
  CHECK_FALSE(expert.has_gates());
  expert.reset_gates();
  CHECK(expert.has_gates());
  const auto names = [&] {
    std::vector<std::string> result;
    for (const NamedParameter& parameter : expert.trainable()) result.push_back(parameter.name);
    return result;
  };
  expert.set_trainable(true, false);
  CHECK(names() == std::vector<std::string>{"m.{q,k,v}.lora_A", "m.{q,k,v}.lora_B", "m.o.lora_A", "m.o.lora_B"});
  expert.set_trainable(false, true);
  CHECK(names() == std::vector<std::string>{"m.{q,k,v}.gate", "m.o.gate"});
  for (const NamedParameter& gate : expert.trainable()) CHECK(gate.tensor.abs().max().item<double>() == 0.0);
}

}  // namespace phatgoose
