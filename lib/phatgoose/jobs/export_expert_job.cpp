#include "phatgoose/jobs/export_expert_job.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/adapters/modular_parameters.h"
#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/shell.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/staged_directory.h"

namespace phatgoose {
namespace {

constexpr const char* kOrigin = "exported_from";

/// Everything about one call that does not change while it runs.
struct ExpertExport {
  ModularDirectory adapter;
  std::optional<std::int64_t> task;  ///< none: without routing, or a task that is not known
  std::optional<NewTask> new_task;
  T5Config config;
  at::ScalarType dtype;
  fs::path out;
  Json body;  ///< of the manifest
};

/// The number of the task that is asked for; nothing where the adapter has no routing, or the task is an unknown one.
std::optional<std::int64_t> chosen_task(const ExportExpertSettings& settings, const ModularDirectory& adapter) {
  const std::vector<std::string>& tasks = adapter.tasks();
  if (!has_routing(adapter.shape().method)) {
    const char* given = settings.task ? "--task" : settings.unknown_task ? "--unknown-task" : nullptr;
    if (given == nullptr) return std::nullopt;
    refuse_usage(given, fmt::format("given for an adapter of {}", name_of(adapter.shape().method)),
                 "a method with routing", "its LoRA is the same for all tasks: leave the option out");
  }
  if (settings.unknown_task) return std::nullopt;
  if (!settings.task) {
    if (tasks.size() == 1) return 0;
    refuse_usage("--task", "missing", fmt::format("one of {}", fmt::join(tasks, ", ")),
                 "--unknown-task makes an expert for a task that is none of them");
  }
  if (const auto number = adapter.task_number(*settings.task)) return number;
  refuse_usage("--task", fmt::format("no task \"{}\" in {}", *settings.task, adapter.path().string()),
               fmt::format("one of {}", fmt::join(tasks, ", ")), did_you_mean(*settings.task, tasks));
}

/// That of the task or of the adapter, with "-" for what the name of an expert must not have: tasks of templates are
/// called TASK/TEMPLATE.
std::string default_name(std::string name) {
  const auto is_allowed = [](char c) { return is_expert_name(std::string(1, c)) || c == '.'; };
  std::ranges::replace_if(
      name, [&](char c) { return !is_allowed(c); }, '-');
  if (!is_expert_name(name)) refuse_usage("--name", "missing", kExpertNameRule, "\"" + name + "\" is none");
  return name;
}

Json json_of(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

ExpertExport planned(const ExportExpertSettings& settings) {
  settings.check();
  check_output_directory(settings.out, kExpertKind);
  ExpertExport plan{.adapter = ModularDirectory::open(settings.from),
                    .task = {},
                    .new_task = {},
                    .config = read_t5_config(settings.model),
                    .dtype = settings.save_dtype == "bf16" ? at::kBFloat16 : at::kFloat,
                    .out = settings.out,
                    .body = {}};
  const std::string fingerprint = base_fingerprint(settings.model);
  plan.adapter.check_base(plan.config, fingerprint);
  plan.task = chosen_task(settings, plan.adapter);
  if (settings.unknown_task) plan.new_task = *settings.unknown_task == "mean" ? NewTask::mean : NewTask::uniform;
  const std::optional<std::string> task = plan.task ? std::optional(plan.adapter.tasks()[*plan.task]) : std::nullopt;
  plan.body = {{"name", settings.name.empty() ? default_name(task.value_or(plan.adapter.name())) : settings.name},
               {"base", {{"path", settings.model}, {"fingerprint", fingerprint}}},
               {kOrigin,
                {{"method", name_of(plan.adapter.shape().method)},
                 {"task", json_of(task)},
                 {"unknown_task", json_of(settings.unknown_task)},
                 {"hash", plan.adapter.hash()},
                 {"dtype", settings.save_dtype}}}};
  return plan;
}

/// Whether `out`, which check_output_directory let pass, holds this very expert; another one is not written over.
bool holds_expert(const ExpertExport& plan) {
  const std::optional<Manifest> manifest = read_manifest(plan.out, kExpertKind);
  if (!manifest) return false;
  const auto same = [&](const char* key) {
    return manifest->body.contains(key) && manifest->body.at(key) == plan.body.at(key);
  };
  const Json base = manifest->body.value("base", Json::object());
  if (same("name") && same(kOrigin) && base.value("fingerprint", "") == plan.body.at("base").at("fingerprint")) {
    return true;
  }
  refuse_usage("--out", plan.out.string() + " contains another expert", "a new or empty directory",
               "choose another --out, or remove that one first: rm -r " + shell_word(plan.out.string()));
}

std::vector<LinearLora> mixed_lora(const ExpertExport& plan) {
  ModularParameters parameters = ModularParameters::load(plan.adapter, linear_groups(plan.config), at::kCPU);
  const std::optional<std::int64_t> task = plan.new_task ? parameters.add_task(*plan.new_task) : plan.task;
  std::vector<LinearLora> lora = parameters.lora(task);
  for (const LinearLora& linear : lora) {
    if (at::isfinite(linear.a).all().item<bool>() && at::isfinite(linear.b).all().item<bool>()) continue;
    refuse(linear.path, "NaN or infinite values after mixing", "finite factors", "the adapter's numbers are too large");
  }
  return lora;
}

}  // namespace

void export_expert(const ExportExpertSettings& settings) {
  const ExpertExport job = planned(settings);
  if (holds_expert(job)) {
    log_info(settings.out + " is finished");
    return;
  }
  std::vector<std::string> base_linears;
  for (const LinearSpec& linear : adapted_linears(job.config)) base_linears.push_back(linear.path);
  StagedDirectory staged(job.out);
  const std::vector<std::string> files =
      save_lora(staged.path(), mixed_lora(job), settings.model, base_linears, job.dtype);
  write_manifest(staged.path(), {.kind = kExpertKind, .body = job.body}, files);
  staged.commit();
}

}  // namespace phatgoose
