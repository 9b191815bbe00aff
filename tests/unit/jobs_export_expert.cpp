// Experts made of modular adapters: the LoRA of a task, as any other expert.
#include "phatgoose/jobs/export_expert_job.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/jobs/gate_job.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_manifest.h"
#include "phatgoose/train/sequence_loss.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/workshop.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;

constexpr ModularShape kTwoSkills{.method = ModularMethod::poly, .rank = 2, .skills = 2, .splits = 1, .order = 1};
constexpr ModularShape kLeavesAlone{.method = ModularMethod::tlora, .rank = 2, .skills = 2, .splits = 1, .order = 2};

/// A base, rows, and an adapter of three tasks of which nothing is zero.
struct AdapterShop : test::Workshop {
  ModularParameters parameters;

  explicit AdapterShop(const ModularShape& shape, const std::vector<std::string>& tasks = {"past", "plural", "a/b"})
      : parameters(ModularParameters::initial(linear_groups(test::tiny_config()), shape, std::ssize(tasks),
                                              ModularInit::paper, 5, at::kCPU)) {
    at::manual_seed(3);
    for (const auto& group : parameters.groups()) {
      if (!has_leaves(shape.method)) group->b.normal_(0, 0.3);
      if (group->logits.defined()) group->logits.normal_(0, 2);
    }
    make_directories(scratch / "adapter");
    Json body = to_json(shape);
    body["name"] = "words";
    body["tasks"] = tasks;
    body["base"] = {{"path", "base"}, {"fingerprint", base_fingerprint(scratch / "base")}};
    write_manifest(scratch / "adapter", {.kind = kModularKind, .body = body},
                   parameters.save_adapter(scratch / "adapter", "base"));
  }

  ExportExpertSettings settings(const std::optional<std::string>& task) const {
    ExportExpertSettings settings;
    settings.model = scratch / "base";
    settings.from = scratch / "adapter";
    settings.task = task;
    settings.out = scratch / "out";
    return settings;
  }

  ExpertDirectory exported(const ExportExpertSettings& settings) const {
    export_expert(settings);
    return ExpertDirectory::open(settings.out);
  }
};

double loss_with(const AdapterSet& adapters, std::int64_t task) {
  const at::NoGradGuard no_grad;
  T5Model model = test::tiny_model();
  adapters.attach(model);
  std::vector<Example> rows = test::tiny_examples(6);
  for (Example& row : rows) row.task = task;
  return SequenceLoss(model).sum(rows, std::vector<std::int64_t>{0, 1, 2, 3, 4, 5}).item<double>();
}

double loss_with(const ExpertDirectory& expert) {
  return loss_with(*load_adapters(expert, linear_groups(test::tiny_config()), at::kCPU), 0);
}

Json origin(const fs::path& directory) {
  return read_manifest(directory, kExpertKind, /*verify_hashes=*/true)->body.at("exported_from");
}

}  // namespace

TEST_CASE("an exported expert has the loss of its adapter on rows of the task") {
  const auto shape = GENERATE(as<ModularShape>{}, kTwoSkills, ModularShape{ModularMethod::mhr, 2, 2, 4, 1},
                              ModularShape{ModularMethod::tensorpoly_1, 2, 3, 1, 2},
                              ModularShape{ModularMethod::tensorpoly_2, 2, 3, 1, 4});
  const AdapterShop shop(shape);
  const ExpertDirectory expert = shop.exported(shop.settings("plural"));
  CHECK(loss_with(expert) == Approx(loss_with(shop.parameters, 1)).epsilon(1e-6));
  CHECK(loss_with(expert) != Approx(loss_with(shop.parameters, 0)).epsilon(1e-4));
  CHECK(expert.name() == "plural");
  CHECK_FALSE(expert.has_gate());
  CHECK_NOTHROW(expert.check_base(test::tiny_config(), base_fingerprint(shop.scratch / "base")));
  CHECK(fs::exists(shop.scratch / "out/adapter_config.json"));
  CHECK(fs::exists(shop.scratch / "out/adapter_model.safetensors"));
  CHECK(origin(shop.scratch / "out") == Json({{"method", name_of(shape.method)},
                                              {"task", "plural"},
                                              {"unknown_task", nullptr},
                                              {"hash", ModularDirectory::open(shop.scratch / "adapter").hash()},
                                              {"dtype", "fp32"}}));
}

TEST_CASE("an adapter without routing is one expert, called like it") {
  const AdapterShop shop(kLeavesAlone);
  const ExpertDirectory expert = shop.exported(shop.settings(std::nullopt));
  CHECK(loss_with(expert) == Approx(loss_with(shop.parameters, 0)).epsilon(1e-6));
  CHECK(expert.name() == "words");
  CHECK(origin(shop.scratch / "out").at("task").is_null());
  CHECK_THROWS_MATCHES(export_expert(shop.settings("past")), Error, FailsWith(ExitCode::usage, "--task", "tlora"));
}

TEST_CASE("an unknown task weighs the skills alike, or as the others do on average") {
  AdapterShop shop(kTwoSkills);
  const auto [kind, task] = GENERATE(std::pair("uniform", NewTask::uniform), std::pair("mean", NewTask::mean));
  ExportExpertSettings settings = shop.settings(std::nullopt);
  settings.unknown_task = kind;
  const ExpertDirectory expert = shop.exported(settings);
  const std::int64_t number = shop.parameters.add_task(task);
  CHECK(loss_with(expert) == Approx(loss_with(shop.parameters, number)).epsilon(1e-6));
  CHECK(expert.name() == "words");
  CHECK(origin(shop.scratch / "out").at("task").is_null());
  CHECK(origin(shop.scratch / "out").at("unknown_task") == kind);
}

TEST_CASE("experts of a directory of PEFT's Poly have peft's logits, task by task") {
  const std::string golden = GENERATE("modular_poly", "modular_mhr");
  const ScratchDirectory scratch;
  const Json numbers = read_json(golden_path(golden + "/expected.json"));
  const auto sources = numbers.at("sources").get<std::vector<TokenIds>>();
  const auto targets = numbers.at("targets").get<std::vector<TokenIds>>();
  ExportExpertSettings settings;
  settings.model = golden_path("t5_v1_1/model");
  settings.from = golden_path(golden + "/adapter");
  std::vector<at::Tensor> rows;
  for (std::size_t row = 0; row < sources.size(); ++row) {
    settings.task = std::to_string(numbers.at("tasks").at(row).get<int>());
    settings.out = scratch / *settings.task;
    export_expert(settings);
    T5Model model = T5Model::load(settings.model, at::kCPU, at::kFloat);
    load_adapters(ExpertDirectory::open(settings.out), linear_groups(model.config()), at::kCPU)->attach(model);
    rows.push_back(test::logits_of(model, {sources[row]}, {targets[row]}));
  }
  const SafetensorsFile expected(golden_path(golden + "/expected.safetensors"));
  CHECK(test::largest_difference(at::cat(rows), to_tensor(expected.at("logits"), at::kCPU, at::kFloat)) < 1e-5);
}

TEST_CASE("an exported expert gets a gate like any other, and is then still the same export") {
  const AdapterShop shop(kTwoSkills);
  const ExportExpertSettings settings = shop.settings("past");
  export_expert(settings);
  TrainGateSettings gate = shop.gate();
  gate.expert = settings.out;
  CHECK(test::run(gate) == TrainingOutcome::finished);
  CHECK(ExpertDirectory::open(settings.out).has_gate());
  CHECK(origin(settings.out).at("task") == "past");
  export_expert(settings);
  CHECK(ExpertDirectory::open(settings.out).has_gate());
}

TEST_CASE("an export of other contents is not written over a finished one") {
  const AdapterShop shop(kTwoSkills);
  ExportExpertSettings settings = shop.settings("past");
  export_expert(settings);
  const std::string before = shop.bytes("out/manifest.json");
  const auto changed = GENERATE(0, 1, 2, 3);
  if (changed == 0) settings.task = "plural";
  if (changed == 1) settings.name = "other";
  if (changed == 2) settings.save_dtype = "bf16";
  if (changed == 3) {
    settings.task.reset();
    settings.unknown_task = "mean";
  }
  CHECK_THROWS_MATCHES(export_expert(settings), Error, FailsWith(ExitCode::usage, "--out", "another expert"));
  CHECK(shop.bytes("out/manifest.json") == before);
}

TEST_CASE("factors are stored as bf16 where that is asked for, names are given or made valid") {
  const AdapterShop shop(kTwoSkills);
  ExportExpertSettings settings = shop.settings("a/b");
  settings.save_dtype = "bf16";
  const ExpertDirectory expert = shop.exported(settings);
  CHECK(expert.name() == "a-b");
  CHECK(expert.loras().begin()->second.a.dtype == DType::bf16);
  const at::Tensor exact = shop.parameters.lora(2).front().a;
  const LoraEntry& stored = expert.loras().at(shop.parameters.lora(2).front().path);
  CHECK(at::equal(to_tensor(stored.a, at::kCPU, at::kFloat), exact.to(at::kBFloat16).to(at::kFloat)));
  settings.name = "mine";
  settings.out = shop.scratch / "named";
  CHECK(shop.exported(settings).name() == "mine");
}

TEST_CASE("the only task of an adapter need not be named") {
  const AdapterShop shop(kTwoSkills, {"past"});
  CHECK(shop.exported(shop.settings(std::nullopt)).name() == "past");
}

TEST_CASE("mixtures that overflow are refused, and leave nothing behind") {
  AdapterShop shop({.method = ModularMethod::tensorpoly_1, .rank = 2, .skills = 2, .splits = 1, .order = 2});
  for (const auto& group : shop.parameters.groups()) group->a.fill_(3e38);
  const Json body = read_manifest(shop.scratch / "adapter")->body;
  write_manifest(shop.scratch / "adapter", {.kind = kModularKind, .body = body},
                 shop.parameters.save_adapter(shop.scratch / "adapter", "base"));
  CHECK_THROWS_MATCHES(export_expert(shop.settings("past")), Error,
                       FailsWith(ExitCode::bad_data, "SelfAttention.q", "infinite"));
  for (const auto& entry : fs::directory_iterator(shop.scratch.path())) {
    CHECK_THAT(entry.path().filename().string(), !Catch::StartsWith("out"));
  }
}

}  // namespace phatgoose
