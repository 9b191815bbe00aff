// The routed forward (METHODS 3.3) against the loops of tests/oracle/phatgoose_reference.py.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"
#include "golden_experts.h"
#include "phatgoose/routing/routed_model.h"

namespace phatgoose::parity {
namespace {

RoutingSettings settings_of(const Json& routing) {
  RoutingSettings settings;
  if (routing.contains("k")) settings.k = routing["k"].get<std::int64_t>();
  for (const auto& [key, target] : {std::pair("top_p", &settings.top_p), std::pair("renorm_eps", &settings.renorm_eps),
                                    std::pair("temperature", &settings.temperature)}) {
    if (routing.contains(key)) *target = routing[key].get<double>();
  }
  return settings;
}

TEST_CASE("Routed logits agree with a loop over tokens and experts", "[routed]") {
  const Golden golden("phatgoose_routed");
  auto model = load_model("t5_v1_1");
  const auto& routings = golden.numbers().at("routings");
  CHECK(routings.size() == golden.names_after("logits.").size());
  for (const auto& [name, routing] : routings.items()) {
    CAPTURE(name);
    const auto enabled = routing.value("enabled", golden.numbers().at("experts").get<std::vector<std::string>>());
    const auto experts = open_golden_experts(enabled);
    const RoutedModel routed(model, experts, settings_of(routing));
    const auto logits = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
    CHECK(relative_difference(logits, golden.tensor("logits." + name)) < kTolerance);
  }
}

}  // namespace
}  // namespace phatgoose::parity
