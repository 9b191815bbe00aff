// LoRA and gate trained together from the start (METHODS 4, joint gate).
#include <ATen/ATen.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "phatgoose/base/signals.h"
#include "phatgoose/data/batching.h"
#include "phatgoose/jobs/adapter_job.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/train/sequence_loss.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/workshop.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::is_zero;
using test::run;
using test::Workshop;

TrainExpertSettings joint(const Workshop& shop, const char* out = "expert") {
  TrainExpertSettings settings = shop.expert();
  settings.out = shop.scratch / out;
  settings.joint_gate = true;
  return settings;
}

/// Adapter and gate of an expert.
std::string product(const Workshop& shop, const std::string& out) {
  return shop.bytes((out + "/adapter_model.safetensors").c_str()) + shop.bytes((out + "/gate.safetensors").c_str());
}

/// The judge: y + c B A u sigmoid(v . u) out of plain differentiable operations, one linear at a time.
class FormulaAdapter : public Adapter {
 public:
  explicit FormulaAdapter(std::shared_ptr<const LoraParameters> parameters) : p_(std::move(parameters)) {}

  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& /*pass*/) const override {
    at::Tensor sum = y;
    for (std::size_t m = 0; m < p_->members.size(); ++m) {
      const LoraMember& member = p_->members[m];
      const at::Tensor gate = at::sigmoid(at::matmul(u, p_->v[static_cast<std::int64_t>(m)])).unsqueeze(1);  // [N, 1]
      const at::Tensor h = at::matmul(u, p_->a_of(member).t());                                              // [N, R]
      const at::Tensor update = member.scale * at::matmul(h, p_->b_of(member).t()) * gate;                   // [N, out]
      const std::int64_t rest = y.size(1) - member.column - member.out;
      sum = sum + at::constant_pad_nd(update, {member.column, rest});  // [N, G]
    }
    return sum;
  }

 private:
  std::shared_ptr<const LoraParameters> p_;
};

TEST_CASE("an expert trained together with its gate is complete") {
  const Workshop shop;
  const TrainExpertSettings settings = joint(shop);
  CHECK(run(settings) == TrainingOutcome::finished);
  const ExpertDirectory expert = ExpertDirectory::open(settings.out);
  REQUIRE(expert.loras().size() == adapted_linears(test::tiny_config()).size());
  CHECK(expert.gates().size() == expert.loras().size());
  for (const auto& [path, lora] : expert.loras()) {
    CAPTURE(path);
    CHECK_FALSE(is_zero(lora.b));
    CHECK_FALSE(is_zero(expert.gates().at(path)));
  }
  const std::optional<Manifest> manifest = read_manifest(settings.out, "expert", true);
  REQUIRE(manifest);
  CHECK(manifest->body.at("gate").at("joint") == true);
  CHECK(manifest->body.at("training").at("joint-gate") == true);

  const auto time = fs::last_write_time(shop.scratch / "expert/manifest.json");
  CHECK(run(settings) == TrainingOutcome::finished);
  CHECK(fs::last_write_time(shop.scratch / "expert/manifest.json") == time);
  CHECK_THROWS_MATCHES(run(shop.expert()), Error, FailsWith(ExitCode::usage, "--joint-gate", "false", "true"));
}

TEST_CASE("without --joint-gate there is no gate, and training is another") {
  const Workshop shop;
  run(shop.expert());
  run(joint(shop, "joint"));
  CHECK_FALSE(ExpertDirectory::open(shop.scratch / "expert").has_gate());
  CHECK(read_manifest(shop.scratch / "expert", "expert")->body.at("training").at("joint-gate") == false);
  CHECK((shop.bytes("expert/adapter_model.safetensors") != shop.bytes("joint/adapter_model.safetensors")));
}

TEST_CASE("joint training is AdamW on the formula of the gated LoRA") {
  const Workshop shop;
  TrainExpertSettings settings = joint(shop);
  settings.data.shuffle = false;
  settings.training.batch = 20;  // every step takes all rows
  settings.training.steps = 4;
  settings.dropout = 0;
  run(settings);

  T5Model model = test::tiny_model();
  ExpertParameters judge = ExpertParameters::initial(linear_groups(model.config()), 4, 0, at::kCPU);
  judge.reset_gates();
  judge.set_trainable(true, true);
  for (std::size_t g = 0; g < judge.groups().size(); ++g) {
    model.groups()[g]->set_adapter(std::make_shared<FormulaAdapter>(judge.groups()[g]));
  }
  std::vector<at::Tensor> before;
  for (const NamedParameter& parameter : judge.trainable()) before.push_back(parameter.tensor.detach().clone());
  AdamW optimizer(trained_parameters(judge), {});
  const std::vector<Example> rows = test::tiny_examples(20);
  const SequenceLoss objective(model);
  for (std::int64_t step = 0; step < 4; ++step) {
    optimizer.zero_gradients();
    for (const std::vector<std::int64_t>& pass : passes_of(rows, 4096)) {
      (objective.sum(rows, pass) / objective.divisor(rows)).backward();
    }
    optimizer.clip_gradients(1.0);
    optimizer.update(*settings.training.lr);
  }

  auto trained = ExpertParameters::load(ExpertDirectory::open(settings.out), linear_groups(model.config()), at::kCPU);
  trained.set_trainable(true, true);
  const std::vector<NamedParameter> expected = judge.trainable(), found = trained.trainable();
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    CAPTURE(found[i].name);
    const double change = (expected[i].tensor - before[i]).norm().item<double>();
    CHECK(change > 1e-3);
    CHECK((found[i].tensor - expected[i].tensor).norm().item<double>() < 1e-3 * change);
  }
}

TEST_CASE("joint training stopped and continued leaves the same bytes") {
  const Workshop shop;
  TrainExpertSettings settings = joint(shop, "whole");
  settings.data.valid = {shop.scratch / "valid.jsonl"};
  settings.data.eval_every = 2;
  run(settings);
  settings.out = shop.scratch / "stopped";
  request_stop();
  CHECK(run(settings) == TrainingOutcome::stopped);
  clear_stop_request();
  CHECK_FALSE(fs::exists(shop.scratch / "stopped/gate.safetensors"));
  CHECK(run(settings) == TrainingOutcome::finished);
  CHECK((product(shop, "stopped") == product(shop, "whole")));
  CHECK((shop.bytes("stopped/metrics.jsonl") == shop.bytes("whole/metrics.jsonl")));
}

TEST_CASE("the best state holds factors and gates of the same step") {
  const Workshop shop;
  test::write_text(shop.scratch / "valid.jsonl", "{\"input_ids\": [3, 1], \"target_ids\": [30, 30, 30, 30]}\n");
  TrainExpertSettings settings = joint(shop, "best");
  settings.training.lr = 0.05;
  settings.training.steps = 6;
  settings.data.valid = {shop.scratch / "valid.jsonl"};  // what training makes ever less likely
  settings.data.eval_every = 2;
  run(settings);
  const auto best = read_manifest(settings.out, "expert")->body.at("best").at("step").get<std::int64_t>();
  REQUIRE(best < 6);
  settings.out = shop.scratch / "short";
  settings.data.valid.clear();
  settings.training.steps = best;
  run(settings);
  CHECK((product(shop, "best") == product(shop, "short")));
}

TEST_CASE("joint training continues from the gate of --init where it has one, and from v = 0 otherwise") {
  const Workshop shop;
  run(shop.expert());
  TrainExpertSettings settings = joint(shop, "from-zero");
  settings.init = shop.scratch / "expert";
  settings.training.lr = 0;
  run(settings);
  const ExpertDirectory from_zero = ExpertDirectory::open(settings.out);
  REQUIRE(from_zero.gates().size() == from_zero.loras().size());
  for (const auto& [path, gate] : from_zero.gates()) CHECK(is_zero(gate));
  CHECK((shop.bytes("from-zero/adapter_model.safetensors") == shop.bytes("expert/adapter_model.safetensors")));

  run(shop.gate());
  settings.out = shop.scratch / "from-gate";
  run(settings);
  CHECK((product(shop, "from-gate") == product(shop, "expert")));

  // The gate belongs to what the run was begun with.
  fs::remove_all(shop.scratch / "expert/gate-run");
  fs::remove(shop.scratch / "expert/gate.safetensors");
  fs::remove(shop.scratch / "expert/manifest.json");
  TrainGateSettings gate = shop.gate();
  gate.training.steps = 5;
  run(gate);
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--init"));
}

TEST_CASE("a post-hoc gate replaces a joint one only in a copy") {
  const Workshop shop;
  run(joint(shop));
  CHECK_THROWS_MATCHES(run(shop.gate()), Error, FailsWith(ExitCode::usage, "gate", "--out"));
  TrainGateSettings settings = shop.gate();
  settings.out = shop.scratch / "copy";
  run(settings);
  const Json body = read_manifest(shop.scratch / "copy", "expert", true)->body;
  CHECK_FALSE(body.at("gate").contains("joint"));
  CHECK(body.at("training").at("joint-gate") == true);
  CHECK((shop.bytes("copy/gate.safetensors") != shop.bytes("expert/gate.safetensors")));
}

TEST_CASE("joint training starts from adapters of PEFT, and refuses what it could not write before it trains") {
  const Workshop shop;
  TrainExpertSettings settings = joint(shop, "continued");
  settings.model = golden_path("t5_v1_1/model");
  for (const char* name : {"peft_rslora", "peft_query_value"}) {
    CAPTURE(name);
    settings.out = shop.scratch / name;
    settings.init = golden_path(std::string(name) + "/adapter");
    run(settings);
    const ExpertDirectory before = ExpertDirectory::open(*settings.init), after = ExpertDirectory::open(settings.out);
    REQUIRE(after.loras().size() == before.loras().size());
    CHECK(after.gates().size() == before.loras().size());
    for (const auto& [path, lora] : after.loras()) {
      CAPTURE(path);
      CHECK(lora.scale == Approx(before.loras().at(path).scale));
      CHECK_FALSE(is_zero(after.gates().at(path)));
      CHECK_FALSE(std::ranges::equal(lora.a.bytes, before.loras().at(path).a.bytes));
      CHECK_FALSE(std::ranges::equal(lora.b.bytes, before.loras().at(path).b.bytes));
    }
  }
  settings.init = golden_path("peft_patterns/adapter");
  settings.out = shop.scratch / "refused";
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::bad_data, "alpha"));
  CHECK_FALSE(fs::exists(shop.scratch / "refused"));
}

}  // namespace
}  // namespace phatgoose
