// Directories of PEFT's Poly, with and without splits, against `peft` (tests/oracle/make_modular_goldens.py).
#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <numeric>

#include "fixed_expert.h"
#include "golden.h"
#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/nn/loss.h"

namespace phatgoose::parity {
namespace {

/// Decoder states of the golden's rows, each of its own task.
at::Tensor states_of_tasks(const T5Model& model, const Golden& golden) {
  const auto targets = golden.rows("targets");
  PackedIds sources = pack_ids(golden.rows("sources"), model.device());
  sources.rows.tasks = at::tensor(golden.numbers().at("tasks").get<std::vector<std::int64_t>>(), at::kLong);
  const auto encoded = model.encode(sources);
  std::vector<std::int64_t> source_rows(targets.size());
  std::iota(source_rows.begin(), source_rows.end(), 0);
  const auto start = static_cast<TokenId>(model.config().decoder_start_token_id);
  return model.decode(pack_decoder_inputs(targets, start, model.device()), encoded, source_rows);  // [N_tgt, D]
}

/// Gradients under the golden's names: "MODULE.a", "MODULE.b" and "MODULE.logits".
std::map<std::string, at::Tensor> gradients_of(const ModularParameters& parameters) {
  std::map<std::string, at::Tensor> gradients;
  for (const auto& group : parameters.groups()) {
    ModularGroup of_gradients = *group;
    of_gradients.a = group->a.grad();
    of_gradients.b = group->b.grad();
    of_gradients.logits = group->logits.grad();
    for (std::int64_t m = 0; m < group->members(); ++m) {
      const std::string& path = (*group->layout)[static_cast<std::size_t>(m)].path;
      gradients[path + ".a"] = of_gradients.a_of(m);
      gradients[path + ".b"] = of_gradients.b_of(m);
      gradients[path + ".logits"] = of_gradients.logits_of(m);
    }
  }
  return gradients;
}

TEST_CASE("A modular adapter that peft wrote gives peft's logits, loss and gradients for rows of several tasks",
          "[peft]") {
  const std::string name = GENERATE("modular_poly", "modular_mhr");
  CAPTURE(name);
  const Golden golden(name);
  auto model = load_model(kFixedExpertBase);
  const auto directory = ModularDirectory::open(golden_path(name) / "adapter");
  auto parameters = ModularParameters::load(directory, linear_groups(model.config()), model.device());
  parameters.set_trainable(true, true);
  parameters.attach(model);

  const auto states = states_of_tasks(model, golden);
  CHECK(relative_difference(model.logits(states), golden.tensor("logits")) < kTolerance);

  const auto targets = pack_ids(golden.rows("targets"), model.device()).ids;
  const auto loss = cross_entropy_sum(states, model.head(), targets) / static_cast<double>(targets.numel());
  CHECK(loss.item<double>() == Approx(golden.number("loss")).epsilon(kTolerance));
  loss.backward();
  const auto gradients = gradients_of(parameters);
  const auto names = golden.names_after("gradient.");
  CHECK(gradients.size() == names.size());
  for (const auto& part : names) {
    CAPTURE(part);
    REQUIRE(gradients.contains(part));
    const auto expected = golden.tensor("gradient." + part);
    REQUIRE(gradients.at(part).sizes() == expected.sizes());
    CHECK(relative_difference(gradients.at(part), expected) < kTolerance);
  }
}

TEST_CASE("The tasks of a modular adapter that peft wrote are not one another's", "[peft]") {
  const Golden golden("modular_poly");
  auto model = load_model(kFixedExpertBase);
  const auto directory = ModularDirectory::open(golden_path("modular_poly") / "adapter");
  auto parameters = ModularParameters::load(directory, linear_groups(model.config()), model.device());
  parameters.keep_task(0);
  parameters.attach(model);
  CHECK(relative_difference(model.logits(states_of_tasks(model, golden)), golden.tensor("logits")) > 1e-3);
}

}  // namespace
}  // namespace phatgoose::parity
