// LoRA directories against `peft` (tests/oracle/make_peft_goldens.py), and ours as `peft` reads them.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "fixed_expert.h"
#include "forward.h"
#include "golden.h"
#include "support/scratch_directory.h"

namespace phatgoose::parity {
namespace {

const std::string kBase = kFixedExpertBase;

ExpertParameters load_adapter(const T5Model& model, const std::string& golden) {
  const auto directory = ExpertDirectory::open(golden_path(golden) / "adapter");
  return ExpertParameters::load(directory, linear_groups(model.config()), model.device());
}

/// Gradients of all the factors under "MODULE.lora_A" and "MODULE.lora_B".
std::map<std::string, at::Tensor> factor_gradients(const ExpertParameters& expert) {
  std::map<std::string, at::Tensor> gradients;
  for (const auto& group : expert.groups()) {
    if (group->members.empty()) continue;
    const LoraParameters of_gradients{group->members, group->a.grad(), group->b.grad(), {}};
    for (const auto& member : group->members) {
      gradients[member.path + ".lora_A"] = of_gradients.a_of(member);
      gradients[member.path + ".lora_B"] = of_gradients.b_of(member);
    }
  }
  return gradients;
}

TEST_CASE("An adapter that peft wrote gives peft's logits, loss and gradients", "[peft]") {
  const std::string name = GENERATE("peft_default", "peft_rslora", "peft_patterns", "peft_query_value", "peft_regex",
                                    "peft_excluded", "peft_layers");
  CAPTURE(name);
  const Golden golden(name);
  auto model = load_model(kBase);
  auto expert = load_adapter(model, name);
  expert.set_trainable(true, false);
  expert.attach(model);

  const auto logits = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
  CHECK(relative_difference(logits, golden.tensor("logits")) < kTolerance);

  const auto loss = mean_loss(model, golden.rows("sources"), golden.rows("targets"));
  CHECK(loss.item<double>() == Approx(golden.number("loss")).epsilon(kTolerance));
  loss.backward();
  const auto gradients = factor_gradients(expert);
  const auto names = golden.names_after("gradient.");
  CHECK(gradients.size() == names.size());
  for (const auto& factor : names) {
    CAPTURE(factor);
    REQUIRE(gradients.contains(factor));
    CHECK(relative_difference(gradients.at(factor), golden.tensor("gradient." + factor)) < kTolerance);
  }
}

TEST_CASE("Adapters are written as they were when peft read them", "[peft]") {
  const test::ScratchDirectory scratch;
  fixed_expert(linear_groups(load_model(kBase).config())).save_adapter(scratch.path(), kBase);
  const auto committed = golden_path("written_here/adapter");
  for (const auto* file : {"adapter_config.json", "adapter_model.safetensors"}) {
    CAPTURE(file);
    CHECK((test::read_text(scratch / file) == test::read_text(committed / file)));
  }
}

TEST_CASE("An adapter written here gives the logits and loss that peft computes from it", "[peft]") {
  const Golden golden("written_here");
  auto model = load_model(kBase);
  load_adapter(model, "written_here").attach(model);
  const auto logits = forward_logits(model, golden.rows("sources"), golden.rows("targets"));
  CHECK(relative_difference(logits, golden.tensor("logits")) < kTolerance);
  const auto loss = mean_loss(model, golden.rows("sources"), golden.rows("targets"));
  CHECK(loss.item<double>() == Approx(golden.number("loss")).epsilon(kTolerance));
}

TEST_CASE("A model without its adapters is the base again", "[peft]") {
  const Golden golden(kBase);
  auto model = load_model(kBase);
  load_adapter(model, "peft_default").attach(model);
  const auto rows = golden.rows("sources");
  const auto adapted = forward_logits(model, rows, golden.rows("targets"));
  CHECK(relative_difference(adapted, golden.tensor("logits")) > 1e-2);
  model.remove_adapters();
  CHECK(relative_difference(forward_logits(model, rows, golden.rows("targets")), golden.tensor("logits")) < kTolerance);
}

}  // namespace
}  // namespace phatgoose::parity
