// The base model in bf16 is as near to fp32 as `transformers` in bf16 is (tests/oracle/make_bf16_goldens.py).
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"

namespace phatgoose::parity {
namespace {

/// The norm of the difference, relative to the norm of what is expected.
double distance(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual.to(at::kFloat) - expected).norm() / expected.norm()).item<double>();
}

TEST_CASE("States and logits in bf16 are as near to fp32 as those of transformers", "[bf16]") {
  const std::string name = GENERATE("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual");
  CAPTURE(name);
  const Golden golden(name);
  const Json allowed = read_json(golden_path("bf16/errors.json").string()).at(name);
  const auto model = T5Model::load(golden_path(name + "/model"), at::kCPU, at::kBFloat16);
  const at::NoGradGuard no_gradients;

  const auto states = model.encode_states(pack_ids(golden.rows("sources"), model.device()));
  CHECK(states.scalar_type() == at::kBFloat16);
  const auto logits = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
  for (const auto& [what, found] : {std::pair("encoder_states", states), std::pair("logits", logits)}) {
    CAPTURE(what);
    const double error = distance(found, golden.tensor(what));
    const auto of_transformers = allowed.at(what).get<double>();
    CHECK(error < 1.25 * of_transformers);
    CHECK(error > 0.6 * of_transformers);  // or else it was not computed in bf16
  }
}

}  // namespace
}  // namespace phatgoose::parity
