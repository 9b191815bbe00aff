// Greedy generation against `transformers` (tests/oracle/make_model_goldens.py).
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "golden.h"
#include "phatgoose/eval/generation.h"

namespace phatgoose::parity {
namespace {

TEST_CASE("Greedy generation gives the ids that transformers gives", "[generation]") {
  const std::string name = GENERATE("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual");
  CAPTURE(name);
  const Golden golden(name);
  const auto model = load_model(name);
  const auto new_tokens = golden.numbers().at("new_tokens").get<std::int64_t>();
  CHECK(generate_greedy(model, pack_ids(golden.rows("sources"), at::kCPU), new_tokens) == golden.rows("generated"));
}

}  // namespace
}  // namespace phatgoose::parity
