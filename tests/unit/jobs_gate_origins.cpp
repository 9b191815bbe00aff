// train-gate on experts of any origin: LoRA directories that `peft` wrote (tests/oracle/make_peft_goldens.py).
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/store/manifest.h"
#include "phatgoose/train/sequence_loss.h"
#include "support/golden.h"
#include "support/workshop.h"

namespace phatgoose {
namespace {

using test::golden_path;
using test::is_zero;
using test::run;
using test::Workshop;

/// Mean loss of the base with half of the expert's update, which is what zero gates leave of it.
double loss_with_half_of(const ExpertDirectory& expert, const fs::path& base, const std::vector<Example>& rows) {
  T5Model model = T5Model::load(base, at::kCPU, at::kFloat);
  const auto parameters = ExpertParameters::load(expert, linear_groups(model.config()), at::kCPU);
  for (const auto& group : parameters.groups()) {
    for (LoraMember& member : group->members) member.scale /= 2;
  }
  parameters.attach(model);
  return mean_loss(SequenceLoss(model), rows, 4096).value();
}

TEST_CASE("a PEFT directory of any kind gets a gate for exactly the linears that it adapts") {
  // All linears; rsLoRA; several ranks and alphas; only q and v; a regular expression that spares the encoder; the .bin
  // file of older releases.
  const std::string name = GENERATE("peft_default/adapter", "peft_rslora/adapter", "peft_patterns/adapter",
                                    "peft_query_value/adapter", "peft_regex/adapter", "peft_query_value/old_adapter");
  CAPTURE(name);
  const Workshop shop;
  fs::copy(golden_path(name), shop.scratch / "expert");
  const std::string file = "expert/" + ExpertDirectory::open(golden_path(name)).adapter_file().filename().string();
  const std::string adapter = shop.bytes(file.c_str());
  const std::string config = shop.bytes("expert/adapter_config.json");

  TrainGateSettings settings = shop.gate();
  settings.model = golden_path("t5_v1_1/model");
  settings.training.batch = 20;  // every step takes all rows
  settings.training.steps = 6;
  settings.training.lr = 0.05;
  settings.dropout = 0;
  CHECK(run(settings) == TrainingOutcome::finished);
  CHECK((shop.bytes(file.c_str()) == adapter));
  CHECK((shop.bytes("expert/adapter_config.json") == config));

  const ExpertDirectory expert = ExpertDirectory::open(shop.scratch / "expert");
  CHECK(expert.gates().size() == expert.loras().size());
  for (const auto& [path, lora] : expert.loras()) {
    CAPTURE(path);
    REQUIRE(expert.gates().contains(path));
    CHECK(expert.gates().at(path).shape == Shape{lora.a.shape.at(1)});
    CHECK_FALSE(is_zero(expert.gates().at(path)));
  }
  const std::vector<Json> steps = test::metrics_with("loss", shop.bytes("expert/gate-run/metrics.jsonl"));
  REQUIRE(steps.size() == 6);
  CHECK(steps.front().at("loss") ==
        Approx(loss_with_half_of(expert, settings.model, test::tiny_examples(20))).epsilon(1e-5));
  CHECK(steps.back().at("loss") < steps.front().at("loss"));
  CHECK(read_manifest(shop.scratch / "expert", "expert", true)->body.at("name") == "expert");
}

}  // namespace
}  // namespace phatgoose
