// The gated forward, and the gradients of gates and factors (METHODS 3.2; 4, joint gate), against
// tests/oracle/phatgoose_reference.py.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"
#include "phatgoose/adapters/expert_parameters.h"

namespace phatgoose::parity {
namespace {

TEST_CASE("Gated loss, logits and gradients agree with the reference", "[gated]") {
  const std::string kind = GENERATE("stored", "zero");
  const bool joint = GENERATE(false, true);  // the factors are trained too
  CAPTURE(kind, joint);
  const Golden golden("phatgoose_gated");
  auto model = load_model("t5_v1_1");
  const auto directory =
      ExpertDirectory::open(golden_path("experts/" + golden.numbers().at("expert").get<std::string>()));
  auto expert = ExpertParameters::load(directory, linear_groups(model.config()), model.device());
  if (kind == "zero") expert.reset_gates();
  expert.set_trainable(joint, true);
  expert.attach_gated(model);

  const auto logits = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
  CHECK(relative_difference(logits, golden.tensor("logits." + kind)) < kTolerance);

  const auto loss = mean_loss(model, golden.rows("sources"), golden.rows("targets"));
  CHECK(loss.item<double>() == Approx(golden.number("loss." + kind)).epsilon(kTolerance));
  loss.backward();
  std::size_t judged = 0;
  for (const auto& group : expert.groups()) {
    for (std::size_t i = 0; i < group->members.size(); ++i, ++judged) {
      const auto& path = group->members[i].path;
      CAPTURE(path);
      const auto name = "gradient." + kind + "." + path;
      const auto gate_gradient = group->v.grad()[static_cast<std::int64_t>(i)];
      CHECK(relative_difference(gate_gradient, golden.tensor(name + ".gate")) < kTolerance);
      REQUIRE(group->a.grad().defined() == joint);
      REQUIRE(group->b.grad().defined() == joint);
      if (!joint) continue;
      const LoraParameters gradients{group->members, group->a.grad(), group->b.grad(), {}};
      CHECK(relative_difference(gradients.a_of(group->members[i]), golden.tensor(name + ".lora_A")) < kTolerance);
      CHECK(relative_difference(gradients.b_of(group->members[i]), golden.tensor(name + ".lora_B")) < kTolerance);
    }
  }
  CHECK(3 * judged == golden.names_after("gradient." + kind + ".").size());
}

}  // namespace
}  // namespace phatgoose::parity
