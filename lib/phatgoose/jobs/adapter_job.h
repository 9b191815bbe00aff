// Training on a base: what train-expert, train-gate, train-multitask and adapt have in common. What runs sees the plan,
// not the settings of the command.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/jobs/training_data.h"
#include "phatgoose/jobs/training_job.h"

namespace phatgoose {

struct AdapterPlan {
  TrainingPlan training;
  std::string base;         ///< directory of the base, as the user named it
  std::string fingerprint;  ///< of the base
  T5Config config;
  DataSettings data;
  at::Device device;
  at::ScalarType dtype;                     ///< of the frozen base
  bool few_shot = false;                    ///< the loss of T-Few in place of the targets' cross-entropy
  RowsAsked rows = {};                      ///< what else the objective and the adapters ask of rows
  std::optional<double> routing_rate = {};  ///< learning rate of what routes; none: that of the rest
  std::map<std::string, Json> contents;     ///< for the record: hashes of the base and of the rows
};

/// The plan of an expert directory `out`: reads the base's configuration, hashes base and rows.
AdapterPlan adapter_plan(const AdapterTrainingSettings& settings, const std::string& out, at::Device device,
                         at::ScalarType dtype);

class AdapterJob : public TrainingJob {
 public:
  /// `base`: the plan's in memory, which jobs use one after the other; null: the job loads one of its own.
  explicit AdapterJob(AdapterPlan plan, T5Model* base = nullptr) : plan_(std::move(plan)), base_(base) {}

 protected:
  const AdapterPlan& plan() const { return plan_; }
  const TrainingPlan& training() const final { return plan_.training; }

  /// Puts the adapters on the model as they are at first, and keeps them; what is trained of them, or of the model
  /// itself. `tasks`: the names of the data's, where the plan asks for them.
  virtual std::vector<Parameter> begin(T5Model& model, const std::vector<std::string>& tasks) = 0;
  /// What is computed of a batch; where a job says nothing else, the plan's loss.
  virtual std::unique_ptr<Objective> objective(const T5Model& model) const;
  /// Writes the product. `best`: the validated state that became the result; `rows`: what it was trained on.
  virtual void write(const Json& best, const Json& rows) const = 0;

  /// What is trained of a set, at the plan's rates.
  std::vector<Parameter> trained(const AdapterSet& adapters) const;
  /// What the product's manifest says of its making.
  Json manifest_body(const std::string& name, const Json& best, const Json& rows) const;

 private:
  TrainingOutcome make() final;

  AdapterPlan plan_;
  T5Model* base_;
};

/// What is trained of a set; `routing_scale`: the learning rate of what routes, relative to the schedule's.
std::vector<Parameter> trained_parameters(const AdapterSet& adapters, double routing_scale = 1.0);

}  // namespace phatgoose
