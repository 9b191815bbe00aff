// Training of all weights of a base, which becomes a base of its own.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/jobs/adapter_job.h"

namespace phatgoose {

class BaseJob : public AdapterJob {
 public:
  /// `name`: what the manifest calls the result; `start` makes of the base what training begins with. The plan's type
  /// must be fp32.
  BaseJob(AdapterPlan plan, std::string name, std::function<void(T5Model&)> start)
      : AdapterJob(std::move(plan)), name_(std::move(name)), start_(std::move(start)) {}

 private:
  std::vector<Parameter> begin(T5Model& model, const std::vector<std::string>& tasks) override;
  void write(const Json& best, const Json& rows) const override;

  std::string name_;
  std::function<void(T5Model&)> start_;
  const T5Model* model_ = nullptr;  // while make() runs
};

}  // namespace phatgoose
