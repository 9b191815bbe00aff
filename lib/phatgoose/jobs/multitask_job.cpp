#include "phatgoose/jobs/multitask_job.h"

#include "phatgoose/jobs/lora_job.h"
#include "phatgoose/jobs/modular_job.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/settings/task_files.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

AdapterPlan plan_of(TrainMultitaskSettings& settings, at::Device device, at::ScalarType dtype) {
  FileTasks tasks{.of_data = take_tasks(settings.data.data, "--data"),
                  .of_valid = take_tasks(settings.data.valid, "--valid"),
                  .by_template = settings.tasks == "templates"};
  settings.check();
  settings.resolve();
  AdapterPlan plan = adapter_plan(settings, settings.out, device, dtype);
  plan.training.kind = settings.modular_method() ? kModularKind : kExpertKind;
  plan.contents["data"] = {tasks.of_data, plan.contents["data"]};
  plan.contents["valid"] = {tasks.of_valid, plan.contents["valid"]};
  plan.rows.tasks = std::move(tasks);
  plan.routing_rate = settings.routing_lr;
  plan.training.record = run_record(settings.declare(), plan.contents);
  return plan;
}

}  // namespace

TrainingOutcome train_multitask(TrainMultitaskSettings settings, at::Device device, at::ScalarType dtype) {
  AdapterPlan plan = plan_of(settings, device, dtype);
  const std::string name = settings.name.empty() ? full_path(settings.out).filename().string() : settings.name;
  const std::vector<LinearGroupSpec> groups = linear_groups(plan.config);
  const std::uint64_t seed = plan.training.seed;
  if (!settings.modular_method()) {
    return LoraJob(std::move(plan), name,
                   [&](at::Device where) {
                     return ExpertParameters::initial(groups, *settings.rank, seed, where, InitialFactors::uniform);
                   })
        .run();
  }
  const ModularInit init = settings.init == "paper" ? ModularInit::paper : ModularInit::identity;
  const auto start = [&, shape = settings.shape()](std::int64_t tasks, at::Device where) {
    return ModularParameters::initial(groups, shape, tasks, init, seed, where);
  };
  return ModularJob(std::move(plan), {.name = name, .start = start, .noise = settings.noise}).run();
}

}  // namespace phatgoose
