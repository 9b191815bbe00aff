#include "phatgoose/train/expert_job.h"

#include <fmt/format.h>

#include "phatgoose/base/log.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_record.h"
#include "phatgoose/train/epoch_source.h"

namespace phatgoose {

namespace {

constexpr const char* kKind = "expert";

Json record_of(TrainExpertSettings& settings, const std::string& fingerprint) {
  std::map<std::string, Json> contents = {
      {"model", fingerprint}, {"data", file_hashes(settings.data.data)}, {"valid", file_hashes(settings.data.valid)}};
  if (settings.init) contents["init"] = ExpertDirectory::open(*settings.init).adapter_hash();
  return run_record(settings.declare(), contents);
}

ExpertParameters first_parameters(const TrainExpertSettings& settings, const T5Model& model,
                                  const std::string& fingerprint) {
  const std::vector<LinearGroupSpec> groups = linear_groups(model.config());
  if (settings.init) {
    const ExpertDirectory expert = ExpertDirectory::open(*settings.init);
    expert.check_base(model.config(), fingerprint);
    return ExpertParameters::load(expert, groups, model.device());
  }
  const auto seed = static_cast<std::uint64_t>(settings.common.seed);
  ExpertParameters parameters = ExpertParameters::initial(groups, settings.rank, seed, model.device());
  for (const auto& group : parameters.groups()) {
    for (LoraMember& member : group->members) member.scale = settings.alpha / static_cast<double>(member.rank);
  }
  return parameters;
}

void write_expert(const TrainExpertSettings& settings, const ExpertParameters& parameters, const Trainer& trainer,
                  const std::string& fingerprint, const Json& record) {
  parameters.save_adapter(settings.out, settings.model);
  const Json body = {{"name", settings.name},
                     {"base", {{"path", settings.model}, {"fingerprint", fingerprint}}},
                     {"best", trainer.best().to_json()},
                     {"training", record}};
  write_manifest(settings.out, {.kind = kKind, .body = body}, {"adapter_config.json", "adapter_model.safetensors"});
}

/// Trains and writes; what is left to do when the run is not finished.
TrainingOutcome run_job(const TrainExpertSettings& settings, const std::string& fingerprint, const Json& record,
                        at::Device device, at::ScalarType dtype, const AccuracyFunction& accuracy) {
  const T5Config config = read_t5_config(settings.model);
  const TrainingData data = read_training_data(settings.data, settings.model, config);
  T5Model model = T5Model::load(settings.model, device, dtype);
  ExpertParameters parameters = first_parameters(settings, model, fingerprint);
  parameters.set_trainable(/*lora=*/true, /*gates=*/false);
  parameters.attach(model);

  const TrainingSettings& training = settings.training;
  EpochSource source(data.train, training.batch, settings.data.shuffle,
                     static_cast<std::uint64_t>(settings.common.seed));
  TrainerSettings how = trainer_settings(training, settings.common.seed);
  how.eval_every = settings.data.eval_every;
  how.dropout = settings.dropout.value_or(config.dropout_rate);
  Trainer trainer(model, trained_parameters(parameters), source,
                  make_validator(model, data, training.micro_tokens, accuracy), how, settings.out);
  begin_run(settings.out, record);
  const TrainingOutcome outcome = trainer.run();
  if (outcome == TrainingOutcome::finished) write_expert(settings, parameters, trainer, fingerprint, record);
  return outcome;
}

}  // namespace

TrainingOutcome train_expert(TrainExpertSettings settings, at::Device device, at::ScalarType dtype,
                             const AccuracyFunction& accuracy) {
  const std::string fingerprint = base_fingerprint(settings.model);
  const Json record = record_of(settings, fingerprint);
  check_run(settings.out, settings.out, record);
  if (read_manifest(settings.out, kKind, /*verify_hashes=*/true)) {
    log_info(fmt::format("{} is finished", settings.out));
  } else {
    const TrainingOutcome outcome = run_job(settings, fingerprint, record, device, dtype, accuracy);
    if (outcome == TrainingOutcome::stopped) return outcome;
  }
  const TrainingSettings& training = settings.training;
  CheckpointFolder(settings.out).prune(training.keep_checkpoints, training.save_every, training.steps);
  return TrainingOutcome::finished;
}

}  // namespace phatgoose
