#include "phatgoose/jobs/adapter_job.h"

#include "phatgoose/data/base_hashes.h"
#include "phatgoose/jobs/training_data.h"
#include "phatgoose/jobs/validation.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/train/few_shot_loss.h"
#include "phatgoose/train/sequence_loss.h"

namespace phatgoose {

AdapterPlan adapter_plan(const AdapterTrainingSettings& settings, const std::string& out, at::Device device,
                         at::ScalarType dtype) {
  const std::string fingerprint = base_fingerprint(settings.model);
  AdapterPlan plan{.training = training_plan(settings.training, settings.common.seed, out, kExpertKind),
                   .base = settings.model,
                   .fingerprint = fingerprint,
                   .config = read_t5_config(settings.model),
                   .data = settings.data,
                   .device = device,
                   .dtype = dtype,
                   .contents = {{"model", base_hashes(settings.model, fingerprint)},
                                {"data", file_hashes(settings.data.data)},
                                {"valid", file_hashes(settings.data.valid)}}};
  plan.few_shot = plan.rows.choices = settings.loss == "t-few";
  plan.training.trainer.eval_every = settings.data.eval_every;
  plan.training.trainer.dropout = settings.dropout.value_or(plan.config.dropout_rate);
  return plan;
}

TrainingOutcome AdapterJob::make() {
  const TrainingData data = read_training_data(plan_.data, plan_.base, plan_.config, plan_.rows);
  std::optional<T5Model> loaded;
  T5Model& model = base_ != nullptr ? *base_ : loaded.emplace(T5Model::load(plan_.base, plan_.device, plan_.dtype));
  model.remove_adapters();
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(training(), begin(model, data.tasks));
  const std::unique_ptr<Objective> objective = this->objective(model);
  EpochSource source = training_source(data, plan_.data, training().batch, training().seed);
  const TrainerSettings& how = training().trainer;
  Trainer trainer(*objective, *optimizer, source, make_validator(model, *objective, data, how.pass_tokens), how,
                  training().run);
  begin_run(training().run, training().record, {{"rows", data.rows_json()}});
  const TrainingOutcome outcome = trainer.run();
  if (outcome == TrainingOutcome::finished) write(trainer.best().to_json(), data.rows_json());
  return outcome;
}

std::unique_ptr<Objective> AdapterJob::objective(const T5Model& model) const {
  if (plan_.few_shot) return std::make_unique<FewShotLoss>(model);
  return std::make_unique<SequenceLoss>(model);
}

std::vector<Parameter> AdapterJob::trained(const AdapterSet& adapters) const {
  const double peak = training().trainer.schedule.peak;
  return trained_parameters(adapters, plan_.routing_rate ? *plan_.routing_rate / peak : 1.0);
}

std::vector<Parameter> trained_parameters(const AdapterSet& adapters, double routing_scale) {
  std::vector<Parameter> parameters;
  for (const NamedParameter& parameter : adapters.trainable()) {
    parameters.push_back({.name = parameter.name,
                          .leaf = parameter.tensor,
                          .first_row = parameter.first_row,
                          .rows = parameter.rows,
                          .lr_scale = parameter.role == ParameterRole::routing ? routing_scale : 1.0});
  }
  return parameters;
}

Json AdapterJob::manifest_body(const std::string& name, const Json& best, const Json& rows) const {
  return {{"name", name},
          {"base", {{"path", plan_.base}, {"fingerprint", plan_.fingerprint}}},
          {"best", best},
          {"training", training().record},
          {"rows", rows}};
}

}  // namespace phatgoose
