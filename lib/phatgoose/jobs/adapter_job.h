// Training of an adapter on a frozen base: what train-expert and train-gate have in common. What runs sees the
// plan, not the settings of the command.
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
  explicit AdapterJob(AdapterPlan plan) : plan_(std::move(plan)) {}

 protected:
  const AdapterPlan& plan() const { return plan_; }
  const TrainingPlan& training() const final { return plan_.training; }

  /// The adapters as training begins, attached to the model, with what is trained of them set trainable. The job keeps
  /// them. `tasks`: the names of the data's, where the plan asks for them.
  virtual const AdapterSet& begin(T5Model& model, const std::vector<std::string>& tasks) = 0;
  /// What is computed of a batch; where a job says nothing else, the plan's loss.
  virtual std::unique_ptr<Objective> objective(const T5Model& model) const;
  /// Writes the product. `best`: the validated state that became the result; `rows`: what it was trained on.
  virtual void write(const Json& best, const Json& rows) const = 0;

 private:
  TrainingOutcome make() final;

  AdapterPlan plan_;
};

/// What is trained of a set; `routing_scale`: the learning rate of what routes, relative to the schedule's.
std::vector<Parameter> trained_parameters(const AdapterSet& adapters, double routing_scale = 1.0);

}  // namespace phatgoose
