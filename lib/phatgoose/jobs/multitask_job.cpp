#include "phatgoose/jobs/multitask_job.h"

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/jobs/adapter_job.h"
#include "phatgoose/jobs/modular_loss.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/settings/task_files.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_manifest.h"

namespace phatgoose {
namespace {

/// What manifests of both kinds of product say.
Json manifest_body(const AdapterPlan& plan, const std::string& name, const Json& best, const Json& rows) {
  return {{"name", name},
          {"base", {{"path", plan.base}, {"fingerprint", plan.fingerprint}}},
          {"best", best},
          {"training", plan.training.record},
          {"rows", rows}};
}

class MultitaskLoraJob : public AdapterJob {
 public:
  MultitaskLoraJob(AdapterPlan plan, std::string name, std::int64_t rank)
      : AdapterJob(std::move(plan)), name_(std::move(name)), rank_(rank) {}

 private:
  const AdapterSet& begin(T5Model& model, const std::vector<std::string>& /*tasks*/) override {
    adapter_ = ExpertParameters::initial(linear_groups(plan().config), rank_, training().seed, model.device(),
                                         InitialFactors::uniform);
    adapter_->set_trainable(/*lora=*/true, /*gates=*/false);
    adapter_->attach(model);
    return *adapter_;
  }

  void write(const Json& best, const Json& rows) const override {
    const std::vector<std::string> files = adapter_->save_adapter(training().out, plan().base);
    write_manifest(training().out, {.kind = kExpertKind, .body = manifest_body(plan(), name_, best, rows)}, files);
  }

  std::string name_;
  std::int64_t rank_;
  std::optional<ExpertParameters> adapter_;
};

/// The modular adapter to be.
struct ModularPlan {
  std::string name;
  ModularShape shape;
  ModularInit init;
  bool noise;
};

class ModularJob : public AdapterJob {
 public:
  ModularJob(AdapterPlan plan, ModularPlan modular) : AdapterJob(std::move(plan)), modular_(std::move(modular)) {}

 private:
  const AdapterSet& begin(T5Model& model, const std::vector<std::string>& tasks) override {
    tasks_ = tasks;
    adapter_ = ModularParameters::initial(linear_groups(plan().config), modular_.shape, std::ssize(tasks_),
                                          modular_.init, training().seed, model.device());
    adapter_->set_trainable(/*adapters=*/true, /*routing=*/true);
    adapter_->attach(model);
    return *adapter_;
  }

  std::unique_ptr<Objective> objective(const T5Model& model) const override {
    return std::make_unique<ModularLoss>(AdapterJob::objective(model), *adapter_, modular_.noise, training().seed);
  }

  void write(const Json& best, const Json& rows) const override {
    Json body = manifest_body(plan(), modular_.name, best, rows);
    body.update(to_json(modular_.shape));
    body["tasks"] = tasks_;
    const std::vector<std::string> files = adapter_->save_adapter(training().out, plan().base);
    write_manifest(training().out, {.kind = kModularKind, .body = body}, files);
  }

  ModularPlan modular_;
  std::vector<std::string> tasks_;
  std::optional<ModularParameters> adapter_;
};

AdapterPlan plan_of(TrainMultitaskSettings& settings, at::Device device, at::ScalarType dtype) {
  FileTasks tasks{.of_data = take_tasks(settings.data.data, "--data"),
                  .of_valid = take_tasks(settings.data.valid, "--valid"),
                  .by_template = settings.tasks == "templates"};
  settings.check();
  settings.resolve();
  AdapterPlan plan = adapter_plan(settings, settings.out, device, dtype);
  plan.training.kind = settings.modular_method() ? kModularKind : kExpertKind;
  plan.contents["tasks_of_data"] = tasks.of_data;
  plan.contents["tasks_of_valid"] = tasks.of_valid;
  plan.rows.tasks = std::move(tasks);
  plan.routing_rate = settings.routing_lr;
  plan.training.record = run_record(settings.declare(), plan.contents);
  return plan;
}

}  // namespace

TrainingOutcome train_multitask(TrainMultitaskSettings settings, at::Device device, at::ScalarType dtype) {
  AdapterPlan plan = plan_of(settings, device, dtype);
  const std::string name = settings.name.empty() ? full_path(settings.out).filename().string() : settings.name;
  if (!settings.modular_method()) return MultitaskLoraJob(std::move(plan), name, *settings.rank).run();
  const ModularInit init = settings.init == "paper" ? ModularInit::paper : ModularInit::identity;
  return ModularJob(std::move(plan), {name, settings.shape(), init, settings.noise}).run();
}

}  // namespace phatgoose
