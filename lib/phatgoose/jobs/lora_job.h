// Training of one LoRA, which becomes an expert without a gate.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/jobs/adapter_job.h"

namespace phatgoose {

class LoraJob : public AdapterJob {
 public:
  /// The factors as training begins, on the device.
  using Start = std::function<ExpertParameters(at::Device)>;

  /// `name`: of the expert. `base`: as AdapterJob's.
  LoraJob(AdapterPlan plan, std::string name, Start start, T5Model* base = nullptr)
      : AdapterJob(std::move(plan), base), name_(std::move(name)), start_(std::move(start)) {}

 private:
  std::vector<Parameter> begin(T5Model& model, const std::vector<std::string>& tasks) override;
  void write(const Json& best, const Json& rows) const override;

  std::string name_;
  Start start_;
  std::optional<ExpertParameters> adapter_;
};

}  // namespace phatgoose
