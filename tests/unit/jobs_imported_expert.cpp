// Experts imported from the original code's format are experts like any other.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/jobs/gate_job.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/checkpoint_import.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_builder.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/tiny_training.h"

namespace phatgoose {
namespace {

using test::golden_path;

const fs::path kBase = golden_path("t5_v1_1_rewritten/model");

void import_golden(const fs::path& out, bool gate) {
  import_checkpoint({.model = kBase,
                     .checkpoint = golden_path("import/checkpoint.pt"),
                     .names = golden_path("import/names.txt"),
                     .out = out,
                     .gate = gate});
}

}  // namespace

TEST_CASE("imported experts have the logits of the checkpoint's own factors") {
  const test::ScratchDirectory scratch;
  import_golden(scratch / "experts", true);
  const Json numbers = read_json(golden_path("import/expected.json"));
  const SafetensorsFile tensors(golden_path("import/expected.safetensors"));
  for (const std::string name : {"cosmos_qa", "rotten tomatoes"}) {
    CAPTURE(name);
    T5Model model = T5Model::load(kBase, at::kCPU, at::kFloat);
    const ExpertDirectory expert = ExpertDirectory::open(scratch / "experts" / name);
    ExpertParameters::load(expert, linear_groups(model.config()), at::kCPU).attach(model);
    const at::Tensor expected = to_tensor(tensors.at("logits." + name), at::kCPU, at::kFloat);
    const at::Tensor actual = test::logits_of(model, numbers.at("sources").get<std::vector<TokenIds>>(),
                                              numbers.at("targets").get<std::vector<TokenIds>>());
    CHECK(((actual - expected).abs().max() / expected.abs().max()).item<double>() < 1e-5);
  }
}

TEST_CASE("train-gate gives imported experts a gate, and build takes them") {
  const test::ScratchDirectory scratch;
  import_golden(scratch / "experts", false);
  test::write_tiny_rows(scratch / "rows.jsonl", 8);
  std::vector<fs::path> experts;
  for (const std::string name : {"cosmos_qa", "rotten tomatoes"}) {
    TrainGateSettings settings;
    settings.model = kBase;
    settings.expert = scratch / "experts" / name;
    settings.data.data = {scratch / "rows.jsonl"};
    settings.training.steps = 2;
    settings.training.batch = 4;
    settings.common.dtype = "fp32";
    settings.common.log = "quiet";
    CHECK(train_gate(settings, at::kCPU, at::kFloat) == TrainingOutcome::finished);
    experts.push_back(settings.expert);
    const auto manifest = read_manifest(settings.expert, "expert", /*verify_hashes=*/true);
    REQUIRE(manifest);
    CHECK(manifest->body.contains("import"));
    CHECK(manifest->body.contains("gate"));
  }
  build_routed_model({.model = kBase, .experts = {experts.begin(), experts.end()}, .out = scratch / "routed"});
  CHECK(read_routed_model(scratch / "routed").experts.size() == 2);
}

}  // namespace phatgoose
