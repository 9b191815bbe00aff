// The base model against `transformers` (tests/oracle/make_model_goldens.py): states, logits, loss, gradients.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"

namespace phatgoose::parity {
namespace {

std::string any_model() { return GENERATE("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual"); }

TEST_CASE("Encoder states agree with transformers", "[model]") {
  const auto name = any_model();
  CAPTURE(name);
  const Golden golden(name);
  const auto model = load_model(name);
  const at::NoGradGuard no_gradients;
  const auto states = model.encode_states(pack_ids(golden.rows("sources"), model.device()));
  CHECK(relative_difference(states, golden.tensor("encoder_states")) < kTolerance);
}

TEST_CASE("Logits agree with transformers", "[model]") {
  const auto name = any_model();
  CAPTURE(name);
  const Golden golden(name);
  const auto model = load_model(name);
  const auto logits = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
  CHECK(relative_difference(logits, golden.tensor("logits")) < kTolerance);
}

TEST_CASE("Loss and every gradient of the base agree with transformers", "[model]") {
  const auto name = any_model();
  CAPTURE(name);
  const Golden golden(name);
  const auto model = load_model(name);
  require_gradients(model);
  const auto loss = mean_loss(model, golden.rows("sources"), golden.rows("targets"));
  CHECK(loss.item<double>() == Approx(golden.number("loss")).epsilon(kTolerance));
  loss.backward();
  const auto gradients = base_gradients(model);
  const auto names = golden.names_after("gradient.");
  CHECK(gradients.size() == names.size());
  for (const auto& parameter : names) {
    CAPTURE(parameter);
    REQUIRE(gradients.contains(parameter));
    CHECK(relative_difference(gradients.at(parameter), golden.tensor("gradient." + parameter)) < kTolerance);
  }
}

TEST_CASE("The loss has no gradient for a frozen base", "[model]") {
  const Golden golden("t5_v1_1");
  const auto model = load_model("t5_v1_1");
  CHECK_FALSE(mean_loss(model, golden.rows("sources"), golden.rows("targets")).requires_grad());
}

}  // namespace
}  // namespace phatgoose::parity
