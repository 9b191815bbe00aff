#include "phatgoose/jobs/training_job.h"

#include <fmt/format.h>

#include "phatgoose/base/log.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {

namespace {

/// After the warm-up the rate stays, or falls linearly to 0.
Schedule schedule_of(const TrainingSettings& settings) {
  Schedule schedule{.peak = *settings.lr,
                    .steps = settings.steps,
                    .warmup_steps = ratio_of_steps(settings.warmup_ratio, settings.steps)};
  if (settings.schedule == "linear") schedule.decay_steps = schedule.steps - schedule.warmup_steps;
  return schedule;
}

OptimizerSettings optimizer_of(TrainingSettings settings) {
  settings.resolve();
  if (settings.optimizer == "adafactor") {
    return AdafactorSettings{.scale_parameter = settings.scale_parameter, .weight_decay = settings.weight_decay};
  }
  return AdamWSettings{.beta1 = *settings.beta1, .beta2 = *settings.beta2, .weight_decay = settings.weight_decay};
}

}  // namespace

TrainingPlan training_plan(const TrainingSettings& settings, std::int64_t seed, const std::string& out,
                           const char* kind) {
  TrainerSettings trainer{.schedule = schedule_of(settings),
                          .clip = settings.clip,
                          .seed = static_cast<std::uint64_t>(seed),
                          .save_every = settings.save_every,
                          .keep_checkpoints = settings.keep_checkpoints,
                          .pass_tokens = settings.pass_tokens};
  return {.product = out,
          .out = out,
          .kind = kind,
          .run = out,
          .record = nullptr,
          .seed = trainer.seed,
          .batch = settings.batch,
          .optimizer = optimizer_of(settings),
          .trainer = trainer};
}

TrainingOutcome TrainingJob::run() {
  check();
  const TrainingPlan& plan = training();
  std::optional<RunLock> lock;
  if (!has_product()) lock.emplace(plan.out);
  if (is_finished()) {
    log_info(fmt::format("{} is finished", plan.product));
  } else if (make() == TrainingOutcome::stopped) {
    return TrainingOutcome::stopped;
  }
  CheckpointFolder(settle_run())
      .prune(plan.trainer.keep_checkpoints, plan.trainer.save_every, plan.trainer.schedule.steps);
  return TrainingOutcome::finished;
}

void TrainingJob::check() const { check_run(training().out, training().run, training().record); }

bool TrainingJob::has_product() const { return is_of_kind(training().out, training().kind); }

bool TrainingJob::is_finished() const { return read_finished(training().out, training().kind).has_value(); }

std::unique_ptr<Optimizer> make_optimizer(const TrainingPlan& plan, std::vector<Parameter> parameters) {
  if (const auto* settings = std::get_if<AdafactorSettings>(&plan.optimizer)) {
    return std::make_unique<Adafactor>(std::move(parameters), *settings);
  }
  return std::make_unique<AdamW>(std::move(parameters), std::get<AdamWSettings>(plan.optimizer));
}

}  // namespace phatgoose
