// Training of an adapter on a frozen base: what train-expert and train-gate have in common. What runs sees the
// plan, not the settings of the command.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/jobs/training_job.h"

namespace phatgoose {

struct AdapterPlan {
  TrainingPlan training;
  std::string base;         ///< directory of the base, as the user named it
  std::string fingerprint;  ///< of the base
  T5Config config;
  DataSettings data;
  at::Device device;
  at::ScalarType dtype;                  ///< of the frozen base
  std::map<std::string, Json> contents;  ///< for the record: hashes of the base and of the rows
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
  /// them.
  virtual const AdapterSet& begin(T5Model& model) = 0;
  /// What is computed of a batch; cross-entropy of the targets where a job says nothing else.
  virtual std::unique_ptr<Objective> objective(const T5Model& model) const;
  /// Writes the product. `best`: the validated state that became the result; `rows`: what it was trained on.
  virtual void write(const Json& best, const Json& rows) const = 0;

 private:
  TrainingOutcome make() final;

  AdapterPlan plan_;
};

/// What is trained of a set.
std::vector<Parameter> trained_parameters(const AdapterSet& adapters);

}  // namespace phatgoose
