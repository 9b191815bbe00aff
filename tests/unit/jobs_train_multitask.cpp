// `phatgoose train-multitask`: one adapter on the rows of several tasks.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/jobs/multitask_job.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/modular_directory.h"
#include "support/fails_with.h"
#include "support/workshop.h"

namespace phatgoose {
namespace {

using test::FailsWith;

/// A workshop with two tasks, one of which has rows of two templates.
struct ManyTasks : test::Workshop {
  ManyTasks() {
    std::string second;
    for (std::int64_t i = 40; i < 48; ++i) {
      const Example row = test::tiny_examples(1, i).front();
      Json json = {{"input_ids", row.input}, {"target_ids", row.target}};
      json["choices_ids"] = Json::array({Json::array({30, 1}), row.target});
      json["template"] = i % 3 == 0 ? "asks" : "tells";
      second += json.dump() + "\n";
    }
    test::write_text(scratch / "second.jsonl", second);
  }

  TrainMultitaskSettings settings(const std::string& method) const {
    TrainMultitaskSettings settings;
    settings.model = scratch / "base";
    settings.method = method;
    settings.out = scratch / "adapter";
    settings.data.data = {"first=" + (scratch / "rows.jsonl").string(), scratch / "second.jsonl"};
    settings.training.steps = 3;
    settings.training.batch = 6;
    settings.common.dtype = "fp32";
    settings.common.log = "quiet";
    settings.rank = 2;
    if (method != "lora") settings.skills = 2;
    if (method == "mhr") settings.splits = 4;
    return settings;
  }
};

TrainingOutcome run(const TrainMultitaskSettings& settings) { return train_multitask(settings, at::kCPU, at::kFloat); }

/// The logits of the first linear.
at::Tensor logits_in(const fs::path& directory) {
  const ModularDirectory adapter = ModularDirectory::open(directory);
  return to_tensor(adapter.entries().begin()->second.logits, at::kCPU, at::kFloat);
}

}  // namespace

TEST_CASE("every modular method trains, and leaves what can be opened") {
  const ManyTasks shop;
  const std::string method = GENERATE("tlora", "poly", "mhr", "tensorpoly-1", "tensorpoly-2");
  CAPTURE(method);
  const TrainMultitaskSettings settings = shop.settings(method);
  CHECK(run(settings) == TrainingOutcome::finished);
  const ModularDirectory adapter = ModularDirectory::open(settings.out);
  CHECK(name_of(adapter.shape().method) == method);
  CHECK(adapter.tasks() == std::vector<std::string>{"first", "second"});
  CHECK(adapter.name() == "adapter");
  CHECK(adapter.entries().size() == adapted_linears(test::tiny_config()).size());
  adapter.check_base(test::tiny_config(), base_fingerprint(settings.model));
  const std::string metrics = shop.bytes("adapter/metrics.jsonl");
  CHECK(run(settings) == TrainingOutcome::finished);  // has nothing to do
  CHECK(shop.bytes("adapter/metrics.jsonl") == metrics);
}

TEST_CASE("a run does not continue with other names of its tasks") {
  const ManyTasks shop;
  TrainMultitaskSettings settings = shop.settings("poly");
  run(settings);
  settings.data.data.front() = "other=" + (shop.scratch / "rows.jsonl").string();
  CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--data", "not what the run in"));
}

TEST_CASE("LoRA on many tasks is an expert") {
  const ManyTasks shop;
  TrainMultitaskSettings settings = shop.settings("lora");
  settings.name = "all of them";
  CHECK(run(settings) == TrainingOutcome::finished);
  const ExpertDirectory expert = ExpertDirectory::open(settings.out);
  CHECK(expert.name() == "all of them");
  CHECK(expert.loras().begin()->second.rank == 2);
  CHECK(expert.loras().begin()->second.scale == 0.5);
}

TEST_CASE("routing has a learning rate of its own") {
  const ManyTasks shop;
  TrainMultitaskSettings settings = shop.settings("poly");
  settings.training.steps = 1;
  settings.training.warmup_ratio = 0;
  settings.training.schedule = "constant";
  settings.training.lr = 1e-3;
  settings.routing_lr = 0;
  run(settings);
  const at::Tensor still = logits_in(settings.out);
  settings.routing_lr = 0.1;
  settings.out = shop.scratch / "moved";
  run(settings);
  const double moved = (logits_in(settings.out) - still).abs().max().item<double>();
  CHECK(still.abs().max().item<double>() <= 1e-3);
  CHECK(moved <= 0.101);
  // B is 0 in the first step, so that A and logits have no gradient; B moves by the rate of the factors.
  const at::Tensor b =
      to_tensor(ModularDirectory::open(settings.out).entries().begin()->second.b, at::kCPU, at::kFloat);
  CHECK(b.abs().max().item<double>() > 0);
  CHECK(b.abs().max().item<double>() < 0.02);
  settings.training.steps = 3;
  settings.out = shop.scratch / "further";
  run(settings);
  CHECK((logits_in(settings.out) - still).abs().max().item<double>() > 0.02);
}

TEST_CASE("every template may be a task, and rows to validate on find theirs") {
  const ManyTasks shop;
  TrainMultitaskSettings settings = shop.settings("tensorpoly-1");
  settings.tasks = "templates";
  settings.data.valid = {"second=" + (shop.scratch / "second.jsonl").string()};
  settings.data.data = {"first=" + (shop.scratch / "rows.jsonl").string(),
                        "second=" + (shop.scratch / "second.jsonl").string()};
  run(settings);
  CHECK(ModularDirectory::open(settings.out).tasks() ==
        std::vector<std::string>{"first", "second/tells", "second/asks"});
  const std::vector<Json> validated = test::metrics_with("validation_accuracy", shop.bytes("adapter/metrics.jsonl"));
  CHECK(validated.size() == 1);

  settings.out = shop.scratch / "other";
  settings.data.valid = {"third=" + (shop.scratch / "second.jsonl").string()};
  CHECK_THROWS_MATCHES(run(settings), Error,
                       FailsWith(ExitCode::bad_data, "second.jsonl:1", "task \"third/tells\"", "--valid TASK=FILE"));
}

TEST_CASE("noise changes training, and is the same in every run") {
  const ManyTasks shop;
  TrainMultitaskSettings settings = shop.settings("poly");
  settings.training.warmup_ratio = 0;
  run(settings);
  settings.noise = true;
  settings.out = shop.scratch / "noisy";
  run(settings);
  settings.out = shop.scratch / "again";
  settings.training.pass_tokens = 20;
  run(settings);
  CHECK(shop.bytes("noisy/metrics.jsonl") != shop.bytes("adapter/metrics.jsonl"));
  const at::Tensor noisy = logits_in(shop.scratch / "noisy"), again = logits_in(shop.scratch / "again");
  CHECK((noisy - again).abs().max().item<double>() <= 1e-4);
}

TEST_CASE("options that a method has no use for are refused") {
  const ManyTasks shop;
  const auto refused = [&](const std::string& method, const std::string& option, const auto& set) {
    TrainMultitaskSettings settings = shop.settings(method);
    set(settings);
    CHECK_THROWS_MATCHES(run(settings), Error, FailsWith(ExitCode::usage, "--" + option));
    CHECK_FALSE(fs::exists(settings.out));
  };
  refused("lora", "skills", [](auto& settings) { settings.skills = 3; });
  refused("poly", "splits", [](auto& settings) { settings.splits = 3; });
  refused("mhr", "order", [](auto& settings) { settings.order = 2; });
  refused("poly", "init", [](auto& settings) { settings.init = "paper"; });
  refused("tlora", "routing-lr", [](auto& settings) { settings.routing_lr = 0.1; });
  refused("tlora", "noise", [](auto& settings) { settings.noise = true; });
  refused("lora", "tasks", [](auto& settings) { settings.tasks = "templates"; });
  refused("tlora", "order", [](auto& settings) { settings.order = 3; });
  refused("poly", "lr", [](auto& settings) { settings.training.lr = 0; });
  refused("poly", "name", [](auto& settings) { settings.name = "a/b"; });
}

}  // namespace phatgoose
