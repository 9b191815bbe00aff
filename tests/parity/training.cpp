// Ten AdamW steps on the whole base against torch.optim.AdamW on `transformers` (tests/oracle/make_model_goldens.py).
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "forward.h"
#include "golden.h"
#include "phatgoose/train/adamw.h"

namespace phatgoose::parity {
namespace {

TEST_CASE("Parameters after ten AdamW steps agree with transformers", "[training]") {
  const std::string name = GENERATE("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual");
  CAPTURE(name);
  const Golden golden(name);
  const auto sources = golden.rows("training_sources");
  const auto targets = golden.rows("training_targets");
  const auto model = load_model(name);
  require_gradients(model);

  std::map<std::string, at::Tensor> before;
  for (const auto& [parameter, tensor] : model.named_parameters()) before[parameter] = tensor.detach().clone();

  std::vector<Parameter> parameters;
  for (const auto& [parameter, tensor] : model.storage_parameters()) parameters.push_back({parameter, tensor});
  AdamW optimizer(std::move(parameters), AdamWSettings{});
  for (int step = 0; step < golden.numbers().at("adamw_steps").get<int>(); ++step) {
    optimizer.zero_gradients();
    mean_loss(model, sources, targets).backward();
    optimizer.update(golden.number("learning_rate"));
  }

  CHECK(before.size() == golden.names_after("trained.").size());
  for (const auto& [parameter, tensor] : model.named_parameters()) {
    CAPTURE(parameter);
    const auto expected = golden.tensor("trained." + parameter);
    const double change = (expected - before.at(parameter)).norm().item<double>();
    CHECK(change > 1e-3);
    CHECK((tensor.detach() - expected).norm().item<double>() < 1e-4 * change);
  }
}

}  // namespace
}  // namespace phatgoose::parity
