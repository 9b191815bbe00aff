#include "phatgoose/eval/shared_parts.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/log.h"
#include "phatgoose/data/base_hashes.h"
#include "phatgoose/data/shipped_suites.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

/// For each method whether it takes its encoder states from a cache: those that leave the encoder as it is, where there
/// are several of them.
std::vector<bool> encoder_sharers(const std::vector<EvalMethod>& methods, std::int64_t megabytes) {
  std::vector<bool> sharers(methods.size(), false);
  if (methods.size() == 1 || megabytes == 0) return sharers;
  for (std::size_t i = 0; i < methods.size(); ++i) sharers[i] = leaves_encoder(adaptation_of(methods[i].settings));
  if (std::ranges::count(sharers, true) == 1) sharers.assign(sharers.size(), false);
  return sharers;
}

std::vector<Suite> suites_of(const std::vector<EvalMethod>& methods, const Suite& suite) {
  std::vector<Suite> suites;
  for (const EvalMethod& method : methods) {
    suites.push_back(with_tasks(suite, method.settings.tasks, method.source));
  }
  return suites;
}

bool has_task(const Suite& suite, const std::string& name) {
  return std::ranges::find(suite.tasks, name, &Task::name) != suite.tasks.end();
}

/// Experts of another base are refused before anything is computed. Their values are looked at when they are loaded.
void check_experts(const std::vector<EvalMethod>& methods, const fs::path& base, const std::string& base_hash) {
  const T5Config config = read_t5_config(base);
  for (const EvalMethod& method : methods) {
    for (const std::string& expert : method.settings.experts) {
      const ExpertDirectory opened = ExpertDirectory::open(expert, /*check_values=*/false);
      opened.check_base(config, base_hash, method.settings.expert_options.allow_partial);
    }
  }
}

/// The names of the experts that take part in a routed model.
std::vector<std::string> enabled_experts(const EvalSettings& settings) {
  const std::string& routed = settings.routed.front();
  std::vector<std::string> names;
  for (const auto& expert : changed(read_routed_model(routed), settings.routing, routed).experts) {
    if (expert.enabled) names.push_back(expert.name);
  }
  return names;
}

}  // namespace

Adaptation adaptation_of(const EvalSettings& settings) {
  const auto first = [](const std::vector<std::string>& directories) {
    return directories.empty() ? std::nullopt : std::optional(directories.front());
  };
  return {.expert = first(settings.experts),
          .routed = first(settings.routed),
          .changes = settings.routing,
          .allow_partial = settings.expert_options.allow_partial};
}

SharedParts::SharedParts(const EvalSettings& settings, at::Device device, at::ScalarType type)
    : suite(with_tasks(read_suite(suite_file(settings.suite)), settings.tasks)),
      methods(methods_of(settings)),
      suites(suites_of(methods, suite)),
      dtype(type),
      base_hash(base_fingerprint(settings.model)),
      base_record(base_hashes(settings.model, base_hash)),
      settings_(settings),
      device_(device),
      sharers_(encoder_sharers(methods, settings.encoder_cache)) {
  check_experts(methods, settings.model, base_hash);
}

void SharedParts::prepare() {
  if (model) return;
  std::vector<RowNeeds> needs;
  for (const Task& task : suite.tasks) needs.push_back(needs_of(task));
  rows.emplace(prepare_suite(suite, settings_, needs));
  check_labels();
  model.emplace(load_base(settings_.model, device_, dtype), base_hash);
  encoder.emplace(settings_.encoder_cache << 20);
}

std::vector<const TaskRows*> SharedParts::rows_of(std::size_t i) const {
  std::vector<const TaskRows*> tasks;
  for (const TaskRows& task : rows->tasks) {
    if (has_task(suites[i], task.task.name)) tasks.push_back(&task);
  }
  return tasks;
}

void SharedParts::finish(std::size_t i) {
  const auto next = sharers_.begin() + static_cast<std::ptrdiff_t>(i) + 1;
  if (!encoder || std::find(next, sharers_.end(), true) != sharers_.end()) return;
  if (encoder->reused() > 0) {
    log_info(fmt::format("encoder: {} batches computed for the methods that share it, {} reused", encoder->computed(),
                         encoder->reused()));
  }
  encoder.emplace(0);
}

RowNeeds SharedParts::needs_of(const Task& task) const {
  RowNeeds needs;
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (methods[i].router == nullptr || !has_task(suites[i], task.name)) continue;
    needs.texts |= methods[i].router->scores_inputs();
    needs.labels |= methods[i].router->follows_labels;
  }
  return needs;
}

/// Experts that rows name and a routed model lacks are told before anything is computed.
void SharedParts::check_labels() const {
  for (std::size_t i = 0; i < methods.size(); ++i) {
    if (!methods[i].uses_labels()) continue;
    const std::vector<std::string> experts = enabled_experts(methods[i].settings);
    for (const TaskRows* task : rows_of(i)) {
      in(task->task.data, [&] { task->labels.places_in(experts); });
    }
  }
}

}  // namespace phatgoose
