#include "phatgoose/jobs/export_job.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "phatgoose/adapters/merge.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/progress.h"
#include "phatgoose/base/shell.h"
#include "phatgoose/jobs/task_models.h"
#include "phatgoose/jobs/task_moe_choice.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/settings/named_directories.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/staged_directory.h"
#include "phatgoose/text/tokenizer_files.h"

namespace phatgoose {
namespace {

constexpr const char* kRecord = "export";

/// A task of a task-level mixture, and the weights of the copies for it.
struct CollapsedTask {
  TaskModels models;
  std::string task;  ///< empty where all have the same model
};

/// Everything about one call that does not change while it runs.
struct ExportJob {
  const ExportSettings& settings;
  MergeRule rule;
  at::ScalarType base_dtype, dtype;
  std::vector<ExpertDirectory> experts;
  std::optional<CollapsedTask> collapsed;
  Json record;
};

MergeRule rule_of(const ExportSettings& settings, std::size_t experts) {
  if (settings.merge) return *settings.merge == "factors" ? MergeRule::factors : MergeRule::product;
  if (experts == 1) return MergeRule::product;  // the mean over one expert
  refuse_usage("--merge", fmt::format("no rule for {} experts", experts), "--merge product or --merge factors",
               "a single expert needs none");
}

/// bf16 where all of the base's numbers are, otherwise fp32.
at::ScalarType dtype_of_base(const fs::path& model) {
  const auto archive = open_model_archive(model);
  for (const auto& [name, view] : archive->tensors()) {
    if (is_floating(view.dtype) && view.dtype != DType::bf16) return at::kFloat;
  }
  return at::kBFloat16;
}

std::vector<ExpertDirectory> open_experts(const std::vector<NamedDirectory>& directories, const T5Config& config,
                                          const std::string& fingerprint, bool allow_partial) {
  std::vector<ExpertDirectory> experts;
  for (const NamedDirectory& directory : directories) {
    experts.push_back(ExpertDirectory::open(directory));
    experts.back().check_base(config, fingerprint, allow_partial);
  }
  return experts;
}

/// Refuses options of experts next to a mixture, and those of a mixture without one.
void check_options(const ExportSettings& settings) {
  if (settings.task_moe) {
    if (settings.experts.empty() && !settings.library && !settings.merge) return;
    refuse_usage("--task-moe", "given with experts", "one of the two");
  }
  const char* option = settings.task           ? "--task"
                       : settings.route        ? "--route"
                       : settings.task_vectors ? "--vectors"
                                               : nullptr;
  if (option != nullptr) refuse_usage(option, "no --task-moe", "a task-level mixture to apply it to");
}

std::optional<CollapsedTask> collapsed_task(const ExportSettings& settings, const T5Config& config,
                                            const std::string& fingerprint) {
  if (!settings.task_moe) return std::nullopt;
  const TaskMoeChoice choice = task_moe_choice(*settings.task_moe, settings.route, settings.task_vectors);
  CollapsedTask collapsed{TaskModels::open(choice, "--task-moe", config, fingerprint), settings.task.value_or("")};
  const bool by_task = collapsed.models.by_task();
  if (by_task && !settings.task) refuse_usage("--task", "missing", "a task of " + *settings.task_moe);
  if (!by_task && settings.task) {
    refuse_usage("--task", *settings.task_moe + ", which is the same for every task", "leave it out");
  }
  collapsed.models.route(collapsed.task);  // there is one
  return collapsed;
}

/// What a collapsed mixture depends on.
Json record_of(const CollapsedTask& collapsed, const ExportJob& job, const std::string& fingerprint) {
  const at::Tensor route = collapsed.models.route(collapsed.task).contiguous();
  const TaskMoeDirectory& mixture = collapsed.models.mixture();
  const std::span<const float> weights(route.const_data_ptr<float>(), static_cast<std::size_t>(route.numel()));
  return {{"model", fingerprint},
          {"task_moe", {{"name", mixture.manifest().name}, {"hashes", mixture.hashes()}}},
          {"task", collapsed.task},
          {"route", std::vector<float>(weights.begin(), weights.end())},
          {"dtype", job.dtype == at::kBFloat16 ? "bf16" : "fp32"}};
}

/// All that the result depends on.
Json record_of(const ExportJob& job, const std::string& fingerprint) {
  if (job.collapsed) return record_of(*job.collapsed, job, fingerprint);
  Json experts = Json::array();
  for (const ExpertDirectory& expert : job.experts) {
    experts.push_back({{"name", expert.name()}, {"adapter_hash", expert.adapter_hash()}});
  }
  return {{"model", fingerprint},
          {"experts", std::move(experts)},
          {"merge", job.settings.merge ? Json(*job.settings.merge) : Json(nullptr)},
          {"dtype", job.dtype == at::kBFloat16 ? "bf16" : "fp32"}};
}

ExportJob plan(const ExportSettings& settings) {
  check_options(settings);
  std::vector<NamedDirectory> experts;
  if (!settings.task_moe) experts = some_experts(settings.experts, settings.library);
  const MergeRule rule = settings.task_moe ? MergeRule::product : rule_of(settings, experts.size());
  check_output_directory(settings.out, kModelKind);
  const T5Config config = read_t5_config(settings.model);
  const std::string fingerprint = base_fingerprint(settings.model);
  const at::ScalarType base_dtype = dtype_of_base(settings.model);
  ExportJob job{.settings = settings,
                .rule = rule,
                .base_dtype = base_dtype,
                .dtype = !settings.save_dtype             ? base_dtype
                         : *settings.save_dtype == "bf16" ? at::kBFloat16
                                                          : at::kFloat,
                .experts = open_experts(experts, config, fingerprint, settings.allow_partial),
                .collapsed = collapsed_task(settings, config, fingerprint),
                .record = {}};
  if (!job.collapsed) check_mergeable(rule, job.experts);
  job.record = record_of(job, fingerprint);
  return job;
}

/// Whether `out`, which check_output_directory let pass, holds this very model; another one is not written over.
bool is_exported(const fs::path& out, const Json& record) {
  const std::optional<Manifest> manifest = read_manifest(out, kModelKind);
  if (!manifest) return false;
  if (manifest->body.contains(kRecord) && manifest->body.at(kRecord) == record) return true;
  refuse_usage("--out", out.string() + " contains another model", "a new or empty directory",
               "choose another --out, or remove that one first: rm -r " + shell_word(out.string()));
}

void check_finite(const at::Tensor& weight, const std::string& path) {
  if (at::isfinite(weight).all().item<bool>()) return;
  refuse(path + ".weight", "infinite values after adding the update", "finite weights",
         "the experts' factors are too large");
}

/// Replaces W by W + dW at every adapted linear.
void fold(const ExportJob& job, T5Model& model) {
  const std::vector<const LoraMap*> loras = loras_of(job.experts);
  Progress progress("folding", std::ssize(adapted_linears(model.config())), "linears");
  std::int64_t done = 0;
  for (const auto& group : model.groups()) {
    for (std::size_t i = 0; i < group->spec().linears.size(); ++i) {
      const LinearSpec& linear = group->spec().linears[i];
      const at::Tensor update = merged_update(job.rule, loras, linear.path, at::kCPU);  // [out, in]
      if (update.defined()) {
        const at::Tensor weight = group->weight().narrow(0, group->begin(i), linear.out);  // [out, in]
        update.add_(weight);
        check_finite(update, linear.path);
        weight.copy_(update);
      }
      progress.update(++done);
    }
  }
  progress.finish();
}

/// Copies what other programs look for besides configuration and weights; returns the names of what the base has of it.
std::vector<std::string> copy_companions(const fs::path& from, const fs::path& to) {
  constexpr const char* kGeneration = "generation_config.json";
  std::vector<std::string> names = copy_tokenizer_files(from, to);
  if (is_file(from / kGeneration)) {
    write_file(to / kGeneration, read_file(from / kGeneration));
    names.emplace_back(kGeneration);
  }
  return names;
}

}  // namespace

void export_model(const ExportSettings& settings) {
  const ExportJob job = plan(settings);
  if (is_exported(settings.out, job.record)) {
    log_info(settings.out + " is finished");
    return;
  }
  // bf16 weights that stay bf16 are loaded as such: fp32 holds their sums on the way, one linear at a time.
  const at::ScalarType loaded = job.base_dtype == job.dtype ? job.dtype : at::kFloat;
  T5Model model = T5Model::load(settings.model, at::kCPU, loaded);
  if (job.collapsed) {
    job.collapsed->models.put_on(model, job.collapsed->task);
  } else {
    fold(job, model);
  }
  StagedDirectory staged(settings.out);
  model.save(staged.path(), job.dtype);
  std::vector<std::string> files = copy_companions(settings.model, staged.path());
  files.insert(files.end(), {"config.json", "model.safetensors"});
  const Json body = {{"fingerprint", base_fingerprint(staged.path())}, {kRecord, job.record}};
  write_manifest(staged.path(), {.kind = kModelKind, .body = body}, files);
  staged.commit();
}

}  // namespace phatgoose
