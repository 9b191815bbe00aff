#include "phatgoose/jobs/gate_job.h"

#include <fmt/format.h>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/shell.h"
#include "phatgoose/jobs/adapter_job.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {

namespace {

constexpr const char* kRun = "gate-run";
constexpr const char* kNewRun = "gate-run.new";  ///< of --retrain, until its gate is finished
constexpr const char* kGateFile = "gate.safetensors";

/// Trains the gate of `expert`, in its own directory or for a copy.
class GateJob : public AdapterJob {
 public:
  GateJob(AdapterPlan plan, ExpertDirectory expert, bool copy, bool retrain)
      : AdapterJob(std::move(plan)), expert_(std::move(expert)), copy_(copy), retrain_(retrain) {}

 private:
  void check() const override;
  bool has_product() const override;
  bool is_finished() const override;
  fs::path settle_run() const override;
  std::vector<Parameter> begin(T5Model& model, const std::vector<std::string>& tasks) override;
  void write(const Json& best, const Json& rows) const override;

  void check_retraining() const;
  Json gated_body(const Json& best, const Json& rows) const;

  ExpertDirectory expert_;
  bool copy_, retrain_;
  std::optional<ExpertParameters> adapter_;
};

/// How the gate in `destination` was trained, as its manifest says; null where it says nothing.
Json recorded_training(const fs::path& destination) {
  if (!is_of_kind(destination, kExpertKind)) return nullptr;
  return read_json(destination / "manifest.json", [](const Json& manifest) {
    return json_get_or<Json>(json_get_or<Json>(manifest, "gate", Json::object()), "training", nullptr);
  });
}

/// The run's folder. A gate that is there, and its run, stay whole while another is trained.
fs::path run_folder(const fs::path& destination, bool retrain, const Json& record) {
  const fs::path usual = destination / kRun;
  if (!retrain) return usual;
  const bool same = run_has_begun(usual) ? is_same_record(usual, record) : !is_file(destination / kGateFile);
  return same ? usual : destination / kNewRun;
}

/// Usage error that names the first setting in which `before`, with which the gate of `where` was trained, differs.
void refuse_other_training(const Json& before, const Json& record, const fs::path& where, const std::string& hint) {
  const auto name = first_difference(before, record);
  if (!name) return;
  const auto value = [&](const Json& in) { return in.contains(*name) ? in.at(*name).dump() : "nothing"; };
  refuse_usage("--" + *name, value(record), fmt::format("{}, with which {} was trained", value(before), where.string()),
               hint);
}

void GateJob::check_retraining() const {
  const fs::path& run = training().run;
  if (!run_has_begun(run)) return;
  refuse_other_training(read_json((run / "run.json").string()), training().record, run,
                        fmt::format("repeat that command, or begin afresh: rm -r {}", shell_word(run.string())));
}

void GateJob::check() const {
  if (has_product()) return;
  if (retrain_) return check_retraining();
  const std::string hint = "--retrain trains a new gate, which then replaces this one; --out DIR writes a copy";
  const fs::path gate = training().out / kGateFile;
  if (const Json before = recorded_training(training().out); !before.is_null()) {
    refuse_other_training(before, training().record, gate, hint);
  }
  if (run_has_begun(training().run)) return check_same_record(training().run, training().record);
  if (is_file(gate)) {
    refuse_usage(gate.string(), "a gate that did not come from this command", "an expert without a gate", hint);
  }
  if (copy_) AdapterJob::check();
}

/// Whether the gate there was trained by this command.
bool GateJob::has_product() const {
  const Json before = recorded_training(training().out);
  return !before.is_null() && !first_difference(before, training().record);
}

bool GateJob::is_finished() const {
  if (!has_product()) return false;
  const std::string remedy =
      copy_ ? remedy_of_removing(training().out) : "restore the file; this command does not make the expert itself";
  return read_finished(training().out, kExpertKind, remedy).has_value();
}

/// Puts the run of --retrain into the place of the one before.
fs::path GateJob::settle_run() const {
  const fs::path fresh = training().out / kNewRun, usual = training().out / kRun;
  if (run_has_begun(fresh) && is_same_record(fresh, training().record)) {
    fs::remove_all(usual);
    fs::rename(fresh, usual);
  }
  return usual;
}

std::vector<Parameter> GateJob::begin(T5Model& model, const std::vector<std::string>& /*tasks*/) {
  adapter_ = ExpertParameters::load(expert_, linear_groups(plan().config), model.device());
  adapter_->reset_gates();
  adapter_->set_trainable(/*lora=*/false, /*gates=*/true);
  adapter_->attach_gated(model);
  return trained(*adapter_);
}

/// What the manifest said before, if there was one, and the gate.
Json GateJob::gated_body(const Json& best, const Json& rows) const {
  const std::optional<Manifest> before = read_manifest(expert_.path(), kExpertKind);
  Json body = before ? before->body : Json::object();
  body["name"] = expert_.name();
  if (!body.contains("base")) body["base"] = {{"path", plan().base}, {"fingerprint", plan().fingerprint}};
  body["gate"] = {{"best", best}, {"training", training().record}, {"rows", rows}};
  return body;
}

/// Puts the gate into place: the adapter's files where the directory is a copy, the gate, the manifest last.
void GateJob::write(const Json& best, const Json& rows) const {
  const Json body = gated_body(best, rows);
  const std::string config = "adapter_config.json", factors = expert_.adapter_file().filename();
  if (copy_) {
    for (const std::string& name : {config, factors}) {
      write_file(training().out / name, read_file(expert_.path() / name));
    }
  }
  adapter_->save_gate(training().out);
  write_manifest(training().out, {.kind = kExpertKind, .body = body}, {config, factors, kGateFile});
}

}  // namespace

fs::path gate_destination(const TrainGateSettings& settings) { return settings.out.value_or(settings.expert); }

TrainingOutcome train_gate(TrainGateSettings settings, at::Device device, at::ScalarType dtype) {
  settings.check();
  settings.training.resolve();
  ExpertDirectory expert = ExpertDirectory::open(settings.expert);
  AdapterPlan plan = adapter_plan(settings, gate_destination(settings), device, dtype);
  expert.check_base(plan.config, plan.fingerprint, settings.allow_partial);
  plan.contents["expert"] = expert.adapter_hash();
  TrainingPlan& training = plan.training;
  training.record = run_record(settings.declare(), plan.contents);
  training.run = run_folder(training.out, settings.retrain, training.record);
  training.product = fmt::format("the gate of {}", training.out.string());
  return GateJob(std::move(plan), std::move(expert), settings.out.has_value(), settings.retrain).run();
}

}  // namespace phatgoose
