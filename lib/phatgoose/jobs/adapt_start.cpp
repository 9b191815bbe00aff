#include "phatgoose/jobs/adapt_start.h"

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/jobs/base_job.h"
#include "phatgoose/jobs/lora_job.h"
#include "phatgoose/jobs/modular_choice.h"
#include "phatgoose/jobs/modular_job.h"
#include "phatgoose/jobs/task_moe_choice.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kNewRank = 16;
constexpr double kAdapterRate = 3e-3, kBaseRate = 1e-3, kNewTaskRate = 0.1;

/// The enabled experts of a routed model of this base.
std::vector<ExpertDirectory> experts_of(const fs::path& routed, const T5Config& config, const std::string& fingerprint,
                                        bool allow_partial) {
  const RoutedModelDirectory directory = RoutedModelDirectory::open(routed);
  directory.check_base(fingerprint);
  std::vector<ExpertDirectory> experts;
  for (const auto& expert : directory.manifest.experts) {
    if (!expert.enabled) continue;
    experts.push_back(ExpertDirectory::open(NamedDirectory(directory.path / expert.path, expert.name)));
    experts.back().check_base(config, fingerprint, allow_partial || expert.partial);
  }
  check_alike(experts);
  return experts;
}

void check_use(bool given, bool used, const char* option, const char* expected) {
  if (given && !used) refuse_usage(option, "without a use here", expected, "leave it out");
}

}  // namespace

void AdaptStart::open_files(const AdaptSettings& settings, const T5Config& config, const std::string& fingerprint) {
  groups_ = linear_groups(config);
  if (!settings.from) return;
  if (is_of_kind(*settings.from, kTaskMoeKind)) {
    const TaskMoeChoice choice = task_moe_choice(*settings.from, settings.route, settings.task_vectors);
    task_models_ = TaskModels::open(choice, "--from", config, fingerprint);
  } else if (is_of_kind(*settings.from, kRoutedModelKind)) {
    experts_ = experts_of(*settings.from, config, fingerprint, settings.allow_partial);
  } else if (is_modular_directory(*settings.from)) {
    modular_ = ModularDirectory::open(*settings.from);
    modular_->check_base(config, fingerprint);
  } else {
    experts_.push_back(ExpertDirectory::open(*settings.from));
    experts_.back().check_base(config, fingerprint, settings.allow_partial);
  }
}

void AdaptStart::choose_trained(AdaptSettings& settings) {
  const bool routes = modular_ && has_routing(modular_->shape().method);
  if (!settings.train) settings.train = task_models_ ? "model" : routes ? "both" : "adapters";
  trained_ = *settings.train;
  check_use(trained_ == "both" || trained_ == "routing", routes, "--train",
            "adapters: only a modular adapter that mixes by task (--from DIR) has routing");
  check_use(trained_ == "adapters", !task_models_, "--train", "model: a task-level mixture has no adapters");
  check_use(trained_ == "model", !settings.from || task_models_, "--train",
            "adapters, routing or both: of the base itself nothing is in --from");
}

AdaptStart AdaptStart::open(AdaptSettings& settings, const T5Config& config, const std::string& fingerprint) {
  AdaptStart start;
  start.open_files(settings, config, fingerprint);
  start.choose_trained(settings);
  const bool routes = start.modular_ && has_routing(start.modular_->shape().method);
  const bool trains_routing = start.trained_ == "both" || start.trained_ == "routing";
  check_use(settings.route || settings.task_vectors, start.task_models_.has_value(),
            settings.route ? "--route" : "--vectors", "a task-level mixture");
  check_use(settings.unknown_task.has_value(), routes, "--unknown-task", "a modular adapter that mixes by task");
  check_use(settings.routing_lr.has_value(), trains_routing, "--routing-lr", "--train both or routing");
  if (routes && !settings.unknown_task) settings.unknown_task = "uniform";
  if (trains_routing && !settings.routing_lr) settings.routing_lr = kNewTaskRate;
  if (!settings.from && !start.trains_base() && !settings.rank) settings.rank = kNewRank;
  if (!settings.training.lr) settings.training.lr = start.trains_base() ? kBaseRate : kAdapterRate;
  const auto stands_still = [](const AdaptTrial& trial) { return trial.lr == 0; };
  if (trains_routing && std::ranges::any_of(settings.trials(), stands_still)) {
    refuse_usage(settings.try_lr.empty() ? "--lr" : "--try-lr", "0", "a rate above 0", "--routing-lr may be 0");
  }
  start.unknown_task_ = settings.unknown_task;
  start.rank_ = settings.rank.value_or(0);
  return start;
}

void AdaptStart::check_task(const std::string& task) const {
  if (task_models_) task_models_->route(task);
}

Json AdaptStart::hash() const {
  if (task_models_) return task_models_->mixture().hashes();
  if (modular_) return modular_->hash();
  Json hashes = Json::array();
  for (const ExpertDirectory& expert : experts_) hashes.push_back(expert.adapter_hash());
  return experts_.empty() ? Json(nullptr) : hashes;
}

const char* AdaptStart::kind() const {
  if (trains_base()) return kModelKind;
  return modular_ ? kModularKind : kExpertKind;
}

/// A task that the adapter knows begins with its own routing logits.
std::function<ModularParameters(std::int64_t, at::Device)> AdaptStart::modular_start(const std::string& task) const {
  return [this, task](std::int64_t /*tasks*/, at::Device device) {
    ModularParameters parameters = ModularParameters::load(*modular_, groups_, device);
    if (const auto new_row = new_task(unknown_task_)) {
      const auto known = modular_->task_number(task);
      parameters.keep_task(known ? *known : parameters.add_task(*new_row));
    }
    return parameters;
  };
}

ExpertParameters AdaptStart::lora_start(std::uint64_t seed, at::Device device) const {
  if (experts_.empty()) return ExpertParameters::initial(groups_, rank_, seed, device, InitialFactors::uniform);
  return ExpertParameters::mean(experts_, groups_, device);
}

void AdaptStart::put_on(T5Model& model, const std::string& task) const {
  model.remove_adapters();
  if (task_models_) {
    task_models_->put_on(model, task);
  } else if (modular_) {
    modular_start(task)(1, model.device()).attach(model);
  } else if (!experts_.empty()) {
    lora_start(0, model.device()).attach(model);
  }
}

std::unique_ptr<AdapterJob> AdaptStart::job(AdapterPlan plan, const std::string& task, T5Model* base) const {
  if (trains_base()) {
    return std::make_unique<BaseJob>(std::move(plan), task, [this, task](T5Model& model) { put_on(model, task); });
  }
  if (!modular_) {
    const auto start = [this, seed = plan.training.seed](at::Device device) { return lora_start(seed, device); };
    return std::make_unique<LoraJob>(std::move(plan), task, start, base);
  }
  ModularPlan modular{
      .name = task, .start = modular_start(task), .adapters = trained_ != "routing", .routing = trained_ != "adapters"};
  return std::make_unique<ModularJob>(std::move(plan), std::move(modular), base);
}

}  // namespace phatgoose
