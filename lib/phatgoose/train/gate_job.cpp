#include "phatgoose/train/gate_job.h"

#include <fmt/format.h>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/data/base_hashes.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"
#include "phatgoose/store/run_record.h"

namespace phatgoose {

namespace {

/// Everything about one call that does not change while it runs.
struct GateJob {
  TrainGateSettings settings;
  ExpertDirectory expert;
  T5Config config;
  std::string fingerprint;  ///< of the base
  fs::path destination;
  fs::path run;
  Json record;
};

Json record_of(TrainGateSettings& settings, const std::string& fingerprint, const ExpertDirectory& expert) {
  return run_record(settings.declare(), {{"model", base_hashes(settings.model, fingerprint)},
                                         {"expert", expert.adapter_hash()},
                                         {"data", file_hashes(settings.data.data)},
                                         {"valid", file_hashes(settings.data.valid)}});
}

void check_destination(const GateJob& job) {
  if (job.settings.out) return check_run(job.destination, job.run, job.record);
  if (run_has_begun(job.run)) return check_same_record(job.run, job.record);
  if (job.expert.has_gate()) {
    fail(ExitCode::usage, {.where = job.settings.expert,
                           .found = "a gate that did not come from this command",
                           .expected = "an expert without a gate",
                           .hint = "write a copy with --out"});
  }
}

/// Whether the manifest of the destination knows the gate of this run.
bool has_finished_gate(const GateJob& job) {
  if (!run_has_begun(job.run)) return false;
  const std::optional<Manifest> manifest = read_manifest(job.destination, kExpertKind);
  return manifest && manifest->body.contains("gate");
}

/// The same, and its files are what the manifest says.
bool is_finished(const GateJob& job) {
  if (!has_finished_gate(job)) return false;
  const std::string remedy = job.settings.out ? remedy_of_removing(job.destination)
                                              : "put the file back as it was; the expert itself is not made here";
  return read_finished(job.destination, kExpertKind, remedy).has_value();
}

/// What the manifest said before, if there was one, and the gate.
Json gated_body(const GateJob& job, const Trainer& trainer, const TrainingData& data) {
  const std::optional<Manifest> before = read_manifest(job.expert.path(), kExpertKind);
  Json body = before ? before->body : Json::object();
  body["name"] = job.expert.name();
  if (!body.contains("base")) body["base"] = {{"path", job.settings.model}, {"fingerprint", job.fingerprint}};
  body["gate"] = {{"best", trainer.best().to_json()}, {"training", job.record}, {"rows", data.rows_json()}};
  return body;
}

/// Puts the gate into place: the adapter's files where the destination is a copy, the gate, the manifest last.
void write_gated_expert(const GateJob& job, const ExpertParameters& parameters, const Trainer& trainer,
                        const TrainingData& data) {
  const Json body = gated_body(job, trainer, data);
  const std::string config = "adapter_config.json", adapter = job.expert.adapter_file().filename();
  if (job.settings.out) {
    for (const std::string& name : {config, adapter}) {
      write_file(job.destination / name, read_file(job.expert.path() / name));
    }
  }
  parameters.save_gate(job.destination);
  write_manifest(job.destination, {.kind = kExpertKind, .body = body}, {config, adapter, "gate.safetensors"});
}

/// Trains and writes; what is left to do when the gate is not finished.
TrainingOutcome run_job(const GateJob& job, at::Device device, at::ScalarType dtype, const AccuracyFunction& accuracy) {
  const TrainGateSettings& settings = job.settings;
  const TrainingData data = read_training_data(settings.data, settings.model, job.config);
  T5Model model = T5Model::load(settings.model, device, dtype);
  ExpertParameters parameters = ExpertParameters::load(job.expert, linear_groups(job.config), model.device());
  parameters.reset_gates();
  parameters.set_trainable(/*lora=*/false, /*gates=*/true);
  parameters.attach_gated(model);

  const TrainingSettings& training = settings.training;
  EpochSource source = training_source(data, settings.data, training.batch, settings.common.seed);
  TrainerSettings how = trainer_settings(training, settings.common.seed);
  how.eval_every = settings.data.eval_every;
  how.dropout = settings.dropout.value_or(job.config.dropout_rate);
  Trainer trainer(model, trained_parameters(parameters), source,
                  make_validator(model, data, training.micro_tokens, accuracy), how, job.run);
  begin_run(job.run, job.record);
  const TrainingOutcome outcome = trainer.run();
  if (outcome == TrainingOutcome::finished) write_gated_expert(job, parameters, trainer, data);
  return outcome;
}

}  // namespace

fs::path gate_destination(const TrainGateSettings& settings) { return settings.out.value_or(settings.expert); }

TrainingOutcome train_gate(TrainGateSettings settings, at::Device device, at::ScalarType dtype,
                           const AccuracyFunction& accuracy) {
  settings.data.check();
  ExpertDirectory expert = ExpertDirectory::open(settings.expert);
  const T5Config config = read_t5_config(settings.model);
  const std::string fingerprint = base_fingerprint(settings.model);
  expert.check_base(config, fingerprint, settings.expert_options.allow_partial);
  const fs::path destination = gate_destination(settings);
  Json record = record_of(settings, fingerprint, expert);
  const GateJob job{.settings = std::move(settings),
                    .expert = std::move(expert),
                    .config = config,
                    .fingerprint = fingerprint,
                    .destination = destination,
                    .run = destination / "gate-run",
                    .record = std::move(record)};
  check_destination(job);
  std::optional<RunLock> lock;
  if (!has_finished_gate(job)) lock.emplace(job.destination);
  if (is_finished(job)) {
    log_info(fmt::format("the gate of {} is finished", destination.string()));
  } else {
    const TrainingOutcome outcome = run_job(job, device, dtype, accuracy);
    if (outcome == TrainingOutcome::stopped) return outcome;
  }
  const TrainingSettings& training = job.settings.training;
  CheckpointFolder(job.run).prune(training.keep_checkpoints, training.save_every, training.steps);
  return TrainingOutcome::finished;
}

}  // namespace phatgoose
