#include "phatgoose/jobs/expert_job.h"

#include <fmt/format.h>

#include "phatgoose/base/log.h"
#include "phatgoose/data/base_hashes.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {

namespace {

/// Hash of what training begins with: the adapter, and its gate where that is trained too.
Json hash_of_init(const TrainExpertSettings& settings) {
  const ExpertDirectory expert = ExpertDirectory::open(*settings.init);
  if (settings.joint_gate && expert.has_gate()) return Json::array({expert.adapter_hash(), expert.gate_hash()});
  return expert.adapter_hash();
}

Json record_of(TrainExpertSettings& settings, const std::string& fingerprint) {
  std::map<std::string, Json> contents = {{"model", base_hashes(settings.model, fingerprint)},
                                          {"data", file_hashes(settings.data.data)},
                                          {"valid", file_hashes(settings.data.valid)}};
  if (settings.init) contents["init"] = hash_of_init(settings);
  return run_record(settings.declare(), contents);
}

ExpertParameters first_factors(const TrainExpertSettings& settings, const T5Model& model,
                               const std::string& fingerprint) {
  const std::vector<LinearGroupSpec> groups = linear_groups(model.config());
  if (settings.init) {
    const ExpertDirectory expert = ExpertDirectory::open(*settings.init);
    expert.check_base(model.config(), fingerprint, settings.expert_options.allow_partial);
    return ExpertParameters::load(expert, groups, model.device());
  }
  const auto seed = static_cast<std::uint64_t>(settings.common.seed);
  ExpertParameters parameters = ExpertParameters::initial(groups, settings.rank, seed, model.device());
  for (const auto& group : parameters.groups()) {
    for (LoraMember& member : group->members) member.scale = settings.alpha / static_cast<double>(member.rank);
  }
  return parameters;
}

/// Where training begins: a gate starts at v = 0 unless it comes with the adapter of --init.
ExpertParameters first_parameters(const TrainExpertSettings& settings, const T5Model& model,
                                  const std::string& fingerprint) {
  ExpertParameters parameters = first_factors(settings, model, fingerprint);
  parameters.check_one_alpha();
  if (settings.joint_gate && !parameters.has_gates()) parameters.reset_gates();
  parameters.set_trainable(/*lora=*/true, /*gates=*/settings.joint_gate);
  return parameters;
}

void write_expert(const TrainExpertSettings& settings, const ExpertParameters& parameters, const Trainer& trainer,
                  const TrainingData& data, const std::string& fingerprint, const Json& record) {
  std::vector<std::string> files = {"adapter_config.json", "adapter_model.safetensors"};
  parameters.save_adapter(settings.out, settings.model, settings.save_dtype == "bf16" ? at::kBFloat16 : at::kFloat);
  Json body = {{"name", settings.name},
               {"base", {{"path", settings.model}, {"fingerprint", fingerprint}}},
               {"best", trainer.best().to_json()},
               {"training", record},
               {"rows", data.rows_json()}};
  if (settings.joint_gate) {
    parameters.save_gate(settings.out);
    body["gate"] = {{"joint", true}};
    files.emplace_back("gate.safetensors");
  }
  write_manifest(settings.out, {.kind = kExpertKind, .body = body}, files);
}

/// Trains and writes; what is left to do when the run is not finished.
TrainingOutcome run_job(const TrainExpertSettings& settings, const std::string& fingerprint, const Json& record,
                        at::Device device, at::ScalarType dtype, const AccuracyFunction& accuracy) {
  const T5Config config = read_t5_config(settings.model);
  const TrainingData data = read_training_data(settings.data, settings.model, config);
  T5Model model = T5Model::load(settings.model, device, dtype);
  const ExpertParameters parameters = first_parameters(settings, model, fingerprint);
  if (settings.joint_gate) {
    parameters.attach_gated(model);
  } else {
    parameters.attach(model);
  }

  const TrainingSettings& training = settings.training;
  EpochSource source = training_source(data, settings.data, training.batch, settings.common.seed);
  TrainerSettings how = trainer_settings(training, settings.common.seed);
  how.eval_every = settings.data.eval_every;
  how.dropout = settings.dropout.value_or(config.dropout_rate);
  Trainer trainer(model, trained_parameters(parameters), source,
                  make_validator(model, data, training.pass_tokens, accuracy), how, settings.out);
  begin_run(settings.out, record, {{"rows", data.rows_json()}});
  const TrainingOutcome outcome = trainer.run();
  if (outcome == TrainingOutcome::finished) write_expert(settings, parameters, trainer, data, fingerprint, record);
  return outcome;
}

}  // namespace

TrainingOutcome train_expert(TrainExpertSettings settings, at::Device device, at::ScalarType dtype,
                             const AccuracyFunction& accuracy) {
  settings.check();
  const std::string fingerprint = base_fingerprint(settings.model);
  const Json record = record_of(settings, fingerprint);
  check_run(settings.out, settings.out, record);
  std::optional<RunLock> lock;
  if (!is_of_kind(settings.out, kExpertKind)) lock.emplace(settings.out);
  if (read_finished(settings.out, kExpertKind)) {
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
