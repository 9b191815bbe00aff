// Adafactor against that of `transformers` (tests/oracle/make_adafactor_goldens.py).
#include "phatgoose/train/adafactor.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "golden.h"

namespace phatgoose::parity {
namespace {

TEST_CASE("Parameters and means of Adafactor agree with transformers after every step", "[training]") {
  const Golden golden("adafactor");
  const std::string setting = GENERATE("plain", "scaled", "plain_decayed", "scaled_decayed");
  CAPTURE(setting);
  const Json options = golden.numbers().at("settings").at(setting);
  const Json scales = golden.numbers().at("lr_scales");
  std::vector<Parameter> parameters;
  for (const std::string& name : golden.names_after("start.")) {
    parameters.push_back({.name = name,
                          .leaf = golden.tensor("start." + name).clone().requires_grad_(true),
                          .lr_scale = scales.value(name, 1.0)});
  }
  REQUIRE(parameters.size() == 5);
  Adafactor optimizer(parameters, {.scale_parameter = options.at("scale_parameter").get<bool>(),
                                   .weight_decay = options.value("weight_decay", 0.0)});
  const auto rates = golden.numbers().at("rates").get<std::vector<double>>();
  for (std::size_t step = 0; step < rates.size(); ++step) {
    CAPTURE(step);
    const std::string number = std::to_string(step) + ".";
    optimizer.zero_gradients();
    for (const Parameter& parameter : parameters) {
      parameter.gradient().copy_(golden.tensor("gradient." + number + parameter.name));
    }
    optimizer.update(rates[step]);
    for (const Parameter& parameter : parameters) {
      CAPTURE(parameter.name);
      CHECK(relative_difference(parameter.value(), golden.tensor(setting + "." + number + parameter.name)) < 1e-6);
    }
  }
  REQUIRE(optimizer.state().size() == 1 + 4 * 2);
  for (const auto& [name, mean] : optimizer.state()) {
    CAPTURE(name);
    CHECK(relative_difference(mean, golden.tensor(setting + "." + name)) < 1e-6);
  }
}

}  // namespace
}  // namespace phatgoose::parity
