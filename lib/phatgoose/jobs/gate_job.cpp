#include "phatgoose/jobs/gate_job.h"

#include <fmt/format.h>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/shell.h"
#include "phatgoose/data/base_hashes.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {

namespace {

constexpr const char* kRun = "gate-run";
constexpr const char* kNewRun = "gate-run.new";  ///< of --retrain, until its gate is finished
constexpr const char* kGateFile = "gate.safetensors";

/// Everything about one call that does not change while it runs.
struct GateJob {
  TrainGateSettings settings;
  ExpertDirectory expert;
  T5Config config;
  std::string fingerprint;  ///< of the base
  fs::path destination;
  fs::path run;  ///< where this call trains
  Json record;
};

/// How the gate in `destination` was trained, as its manifest says; null where it says nothing.
Json recorded_training(const fs::path& destination) {
  if (!is_of_kind(destination, kExpertKind)) return nullptr;
  const std::string where = (destination / "manifest.json").string();
  const Json gate = json_get_or<Json>(read_json(where), "gate", Json::object(), where);
  return json_get_or<Json>(gate, "training", nullptr, where);
}

/// The run's folder. A gate that is there, and its run, stay whole while another is trained.
fs::path run_folder(const fs::path& destination, bool retrain, const Json& record) {
  const fs::path usual = destination / kRun;
  if (!retrain) return usual;
  const bool same = run_has_begun(usual) ? is_same_record(usual, record) : !is_file(destination / kGateFile);
  return same ? usual : destination / kNewRun;
}

Json record_of(TrainGateSettings& settings, const std::string& fingerprint, const ExpertDirectory& expert) {
  return run_record(settings.declare(), {{"model", base_hashes(settings.model, fingerprint)},
                                         {"expert", expert.adapter_hash()},
                                         {"data", file_hashes(settings.data.data)},
                                         {"valid", file_hashes(settings.data.valid)}});
}

/// Usage error that names the first setting in which `before`, with which the gate of `where` was trained, differs.
void refuse_other_training(const Json& before, const Json& record, const fs::path& where, const std::string& hint) {
  for (const auto& [name, value] : record.items()) {
    const std::string had = before.contains(name) ? before.at(name).dump() : "nothing";
    if (had == value.dump()) continue;
    fail(ExitCode::usage, {.where = "--" + name,
                           .found = value.dump(),
                           .expected = fmt::format("{}, with which {} was trained", had, where.string()),
                           .hint = hint});
  }
}

void check_destination(const GateJob& job) {
  const std::string hint = "--retrain trains a new gate, which then replaces this one; --out DIR writes a copy";
  if (job.settings.retrain) {
    if (!run_has_begun(job.run)) return;
    refuse_other_training(read_json((job.run / "run.json").string()), job.record, job.run,
                          fmt::format("repeat that command, or begin afresh: rm -r {}", shell_word(job.run.string())));
    return;
  }
  const fs::path gate = job.destination / kGateFile;
  if (const Json before = recorded_training(job.destination); !before.is_null()) {
    refuse_other_training(before, job.record, gate, hint);
  }
  if (run_has_begun(job.run)) return check_same_record(job.run, job.record);
  if (is_file(gate)) {
    fail(ExitCode::usage, {.where = gate.string(),
                           .found = "a gate that did not come from this command",
                           .expected = "an expert without a gate",
                           .hint = hint});
  }
  if (job.settings.out) check_run(job.destination, job.run, job.record);
}

/// Whether the destination's gate was trained by this command.
bool has_finished_gate(const GateJob& job) { return recorded_training(job.destination).dump() == job.record.dump(); }

/// The same, and its files are what the manifest says.
bool is_finished(const GateJob& job) {
  if (!has_finished_gate(job)) return false;
  const std::string remedy = job.settings.out ? remedy_of_removing(job.destination)
                                              : "restore the file; this command does not make the expert itself";
  return read_finished(job.destination, kExpertKind, remedy).has_value();
}

/// Puts the run of the finished gate into the place of the one before.
void adopt_run(const GateJob& job) {
  const fs::path fresh = job.destination / kNewRun, usual = job.destination / kRun;
  if (!run_has_begun(fresh) || !is_same_record(fresh, job.record)) return;
  fs::remove_all(usual);
  fs::rename(fresh, usual);
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
  write_manifest(job.destination, {.kind = kExpertKind, .body = body}, {config, adapter, kGateFile});
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
                  make_validator(model, data, training.pass_tokens, accuracy), how, job.run);
  begin_run(job.run, job.record, {{"rows", data.rows_json()}});
  const TrainingOutcome outcome = trainer.run();
  if (outcome == TrainingOutcome::finished) write_gated_expert(job, parameters, trainer, data);
  return outcome;
}

}  // namespace

fs::path gate_destination(const TrainGateSettings& settings) { return settings.out.value_or(settings.expert); }

TrainingOutcome train_gate(TrainGateSettings settings, at::Device device, at::ScalarType dtype,
                           const AccuracyFunction& accuracy) {
  settings.check();
  ExpertDirectory expert = ExpertDirectory::open(settings.expert);
  const T5Config config = read_t5_config(settings.model);
  const std::string fingerprint = base_fingerprint(settings.model);
  expert.check_base(config, fingerprint, settings.expert_options.allow_partial);
  const fs::path destination = gate_destination(settings);
  Json record = record_of(settings, fingerprint, expert);
  fs::path run = run_folder(destination, settings.retrain, record);
  const GateJob job{.settings = std::move(settings),
                    .expert = std::move(expert),
                    .config = config,
                    .fingerprint = fingerprint,
                    .destination = destination,
                    .run = std::move(run),
                    .record = std::move(record)};
  std::optional<RunLock> lock;
  if (!has_finished_gate(job)) {
    check_destination(job);
    lock.emplace(job.destination);
  }
  if (is_finished(job)) {
    log_info(fmt::format("the gate of {} is finished", destination.string()));
  } else {
    const TrainingOutcome outcome = run_job(job, device, dtype, accuracy);
    if (outcome == TrainingOutcome::stopped) return outcome;
  }
  adopt_run(job);
  const TrainingSettings& training = job.settings.training;
  CheckpointFolder(destination / kRun).prune(training.keep_checkpoints, training.save_every, training.steps);
  return TrainingOutcome::finished;
}

}  // namespace phatgoose
