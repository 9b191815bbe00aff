// The base model and a gated LoRA in bf16 are as near to fp32 as `transformers` in bf16 is
// (tests/oracle/make_bf16_goldens.py).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"
#include "phatgoose/adapters/expert_parameters.h"

namespace phatgoose::parity {
namespace {

/// The norm of the difference, relative to the norm of what is expected.
double distance(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual.to(at::kFloat) - expected).norm() / expected.norm()).item<double>();
}

double error_of_transformers(const std::string& golden, const char* what) {
  return read_json(golden_path("bf16/errors.json").string()).at(golden).at(what).get<double>();
}

T5Model load_bf16_model(const std::string& golden) {
  return T5Model::load(golden_path(golden + "/model"), at::kCPU, at::kBFloat16);
}

/// As near as the reference, but not so near that it cannot have been computed in bf16.
void check_error(double error, double of_transformers) {
  CHECK(error < 1.25 * of_transformers);
  CHECK(error > 0.6 * of_transformers);
}

TEST_CASE("States and logits in bf16 are as near to fp32 as those of transformers", "[bf16]") {
  const std::string name = GENERATE("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual");
  CAPTURE(name);
  const Golden golden(name);
  const auto model = load_bf16_model(name);
  const at::NoGradGuard no_gradients;

  const auto states = model.encode_states(pack_ids(golden.rows("sources"), model.device()));
  CHECK(states.scalar_type() == at::kBFloat16);
  const auto logits = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
  for (const auto& [what, found] : {std::pair("encoder_states", states), std::pair("logits", logits)}) {
    CAPTURE(what);
    check_error(distance(found, golden.tensor(what)), error_of_transformers(name, what));
  }
}

TEST_CASE("Gradients of gates and factors on a bf16 base are as near to fp32 as the reference's", "[bf16]") {
  const Golden golden("phatgoose_gated");
  auto model = load_bf16_model("t5_v1_1");
  const auto directory =
      ExpertDirectory::open(golden_path("experts/" + golden.numbers().at("expert").get<std::string>()));
  auto expert = ExpertParameters::load(directory, linear_groups(model.config()), model.device());
  expert.set_trainable(true, true);
  expert.attach_gated(model);
  mean_loss(model, golden.rows("sources"), golden.rows("targets")).backward();

  std::vector<at::Tensor> found, expected;
  for (const auto& group : expert.groups()) {
    if (group->members.empty()) continue;
    const LoraParameters gradients{group->members, group->a.grad(), group->b.grad(), group->v.grad()};
    for (std::size_t i = 0; i < group->members.size(); ++i) {
      const LoraMember& member = group->members[i];
      const auto name = "gradient.stored." + member.path;
      for (const auto& [kind, gradient] :
           {std::pair(".gate", gradients.v[static_cast<std::int64_t>(i)]), std::pair(".lora_A", gradients.a_of(member)),
            std::pair(".lora_B", gradients.b_of(member))}) {
        REQUIRE(gradient.scalar_type() == at::kFloat);
        found.push_back(gradient.flatten());
        expected.push_back(golden.tensor(name + kind).flatten());
      }
    }
  }
  REQUIRE(found.size() == golden.names_after("gradient.stored.").size());
  check_error(distance(at::cat(found), at::cat(expected)), error_of_transformers("phatgoose_gated", "gradients"));
}

}  // namespace
}  // namespace phatgoose::parity
