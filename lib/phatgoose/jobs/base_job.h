// Training of all weights of a base, which becomes a base of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/jobs/adapter_job.h"

namespace phatgoose {

class BaseJob : public AdapterJob {
 public:
  /// `name`: what the manifest calls the result. The plan's type must be fp32.
  BaseJob(AdapterPlan plan, std::string name) : AdapterJob(std::move(plan)), name_(std::move(name)) {}

 private:
  std::vector<Parameter> begin(T5Model& model, const std::vector<std::string>& tasks) override;
  void write(const Json& best, const Json& rows) const override;

  std::string name_;
  const T5Model* model_ = nullptr;  // while make() runs
};

}  // namespace phatgoose
