// Training of a modular adapter (METHODS 6, 7).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/jobs/adapter_job.h"

namespace phatgoose {

/// The modular adapter to be.
struct ModularPlan {
  std::string name;
  /// The parameters as training begins, for so many tasks, on the device.
  std::function<ModularParameters(std::int64_t, at::Device)> start;
  bool adapters = true, routing = true;  ///< what is trained
  bool noise = false;                    ///< relaxed Bernoulli weights
};

class ModularJob : public AdapterJob {
 public:
  /// `plan.rows` must ask for tasks. `base`: as AdapterJob's.
  ModularJob(AdapterPlan plan, ModularPlan modular, T5Model* base = nullptr)
      : AdapterJob(std::move(plan), base), modular_(std::move(modular)) {}

 private:
  std::vector<Parameter> begin(T5Model& model, const std::vector<std::string>& tasks) override;
  std::unique_ptr<Objective> objective(const T5Model& model) const override;
  void write(const Json& best, const Json& rows) const override;

  ModularPlan modular_;
  std::vector<std::string> tasks_;
  std::optional<ModularParameters> adapter_;
};

}  // namespace phatgoose
