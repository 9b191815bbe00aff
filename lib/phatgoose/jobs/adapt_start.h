// What few-shot adaptation begins with: the base, an expert, the averaged experts of a routed model, a modular adapter,
// or the models of a task-level mixture; and what of it is trained.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/jobs/adapter_job.h"
#include "phatgoose/jobs/task_models.h"
#include "phatgoose/settings/adapt.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/modular_directory.h"

namespace phatgoose {

class AdaptStart {
 public:
  /// Opens and checks what settings.from names, and fills in the settings that depend on it. Options that the start has
  /// no use for, and experts whose factors have no mean: usage error or bad_data.
  static AdaptStart open(AdaptSettings& settings, const T5Config& config, const std::string& fingerprint);
  /// Refuses a task that the start has nothing for: usage error.
  void check_task(const std::string& task) const;

  /// Of the files that training begins with; null for the base.
  Json hash() const;
  /// Whether all weights of the base are trained.
  bool trains_base() const { return trained_ == "model"; }
  /// Kind of the manifest of what is adapted.
  const char* kind() const;

  /// Puts on `model` what training for `task` begins with.
  void put_on(T5Model& model, const std::string& task) const;
  /// The training for `task`. `plan.rows` must ask for the task; `base`: the plan's in memory, null where all of its
  /// weights are trained.
  std::unique_ptr<AdapterJob> job(AdapterPlan plan, const std::string& task, T5Model* base) const;

 private:
  /// Opens settings.from.
  void open_files(const AdaptSettings& settings, const T5Config& config, const std::string& fingerprint);
  /// Resolves settings.train.
  void choose_trained(AdaptSettings& settings);
  std::function<ModularParameters(std::int64_t, at::Device)> modular_start(const std::string& task) const;
  ExpertParameters lora_start(std::uint64_t seed, at::Device device) const;

  std::vector<LinearGroupSpec> groups_;
  std::vector<ExpertDirectory> experts_;  // one, or those that are averaged
  std::optional<ModularDirectory> modular_;
  std::optional<TaskModels> task_models_;
  std::string trained_;  // as the option --train
  std::optional<std::string> unknown_task_;
  std::int64_t rank_ = 0;
};

}  // namespace phatgoose
