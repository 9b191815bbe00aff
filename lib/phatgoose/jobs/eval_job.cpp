#include "phatgoose/jobs/eval_job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/eval/encoder_cache.h"
#include "phatgoose/eval/shared_base.h"
#include "phatgoose/jobs/method_run.h"
#include "phatgoose/nn/device.h"
#include "phatgoose/report/results_directory.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {
namespace {

/// What is to be known of each task's rows. What the method's sentence encoder cuts is said, too.
std::vector<TaskData> data_of(const LoadedMethod& loaded, const EvalTasks& tasks) {
  std::vector<TaskData> all;
  for (const TaskRows* task : tasks) {
    TaskData& data = all.emplace_back(TaskData{task->notes, task->available, task->left_out, task->skipped});
    if (!loaded.inputs) continue;
    RowNotes cut;
    for (std::int64_t row = 0; row < std::ssize(task->samples); ++row) {
      if (!loaded.inputs->cuts(routing_text(loaded.method, *task, row))) continue;
      cut.add(RowNote::cut_retrieval_text, task->lines[row], loaded.inputs->max_length());
    }
    cut.warn(task->place(), std::ssize(task->samples));
    data.notes.add(cut);
  }
  return all;
}

/// The warnings about rows are in the log of the run that read them; of a finished one, its counts are said.
void say_finished(const fs::path& out, const char* frame_file) {
  log_info(out.string() + " is finished; nothing to do");
  const Json results = read_json(out / frame_file);
  for (const Json& task : results.at("tasks")) {
    std::vector<std::string> counts;
    for (const auto& [name, count] : task.at("rows_with").items()) {
      if (count != 0) counts.push_back(fmt::format("{} {}", name, count.get<std::int64_t>()));
    }
    if (counts.empty()) continue;
    log_warning(fmt::format("{}: task {} has unusual rows: {} (counted when it was evaluated)", out.string(),
                            task.at("name").get<std::string>(), fmt::join(counts, ", ")));
  }
}

/// Puts the tasks' parts together, with how long they took.
MethodAnswers answers_of(const Suite& suite, std::vector<PartialTask>& partial, Json frame, at::Device device) {
  MethodAnswers answers{.frame = std::move(frame), .samples = {}, .routing = {}};
  Timing timing{.task_seconds = {}, .peak_memory = peak_memory(), .peak_device_memory = peak_device_memory(device)};
  for (PartialTask& task : partial) {
    timing.task_seconds.push_back(task.seconds());
    std::ranges::copy(task.routing(), std::back_inserter(answers.routing));
    std::ranges::move(task.take_samples(), std::back_inserter(answers.samples));
  }
  set_timing(answers.frame, suite, timing, std::ssize(answers.samples));
  return answers;
}

/// The plan with what its methods share in memory: the suite's rows, the base, encoder states.
class EvalJob {
 public:
  EvalJob(const EvalPlan& plan, at::Device device, at::ScalarType dtype)
      : plan_(plan), device_(device), dtype_(dtype) {}

  /// Into a directory of its own. False: a signal asked to stop.
  bool evaluate(const EvalMethod& method) {
    // Another process may have been here since the plan was made.
    check_run(method.out, method.out, method.record);
    const std::string kind = plan_.shard ? kResultsShardKind : kResultsKind;
    std::optional<RunLock> lock;
    if (!is_of_kind(method.out, kind)) lock.emplace(method.out);
    if (read_finished(method.out, kind)) {
      say_finished(method.out, plan_.shard ? kShardFile : kResultsFile);
      return true;
    }
    load();
    LoadedMethod loaded = put_on(method);
    begin_run(method.out, method.record);
    const EvalTasks tasks = tasks_of(method);
    Json frame = results_frame(method.suite, data_of(loaded, tasks), provenance_of(method));
    std::vector<PartialTask> partial;
    for (std::size_t i = 0; i < tasks.size(); ++i) partial.emplace_back(method.out, i);
    EncoderCache* cache = method.shares_encoder ? &*encoder_ : nullptr;
    if (!answer_tasks(loaded, tasks, partial, plan_, cache)) return false;
    MethodAnswers answers = answers_of(method.suite, partial, std::move(frame), device_);
    if (plan_.shard) {
      write_shard(method.out, answers);
    } else {
      write_results(method.out, std::move(answers));
    }
    PartialTask::remove_all(method.out);
    return true;
  }

  /// Frees the encoder states when no method after number `i` asks for them.
  void finish(std::size_t i) {
    const auto next = plan_.methods.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (!encoder_ || std::any_of(next, plan_.methods.end(), [](const auto& method) { return method.shares_encoder; })) {
      return;
    }
    if (encoder_->reused() > 0) {
      log_info(fmt::format("encoder: {} batches computed for the methods that share it, {} reused",
                           encoder_->computed(), encoder_->reused()));
    }
    encoder_.emplace(0);
  }

 private:
  /// When the first method has something to compute.
  void load() {
    if (base_) return;
    rows_.emplace(prepare_suite(plan_.suite, plan_.base, plan_.rows, plan_.needs));
    check_labels();
    check_descriptions();
    check_tasks();
    base_.emplace(load_base(plan_.base, device_, dtype_), plan_.base_hash, plan_.allow_partial);
    encoder_.emplace(plan_.encoder_cache_bytes);
  }

  EvalTasks tasks_of(const EvalMethod& method) const {
    EvalTasks tasks;
    for (const TaskRows& task : rows_->tasks) {
      if (std::ranges::find(method.suite.tasks, task.task.name, &Task::name) != method.suite.tasks.end()) {
        tasks.push_back(&task);
      }
    }
    return tasks;
  }

  /// Experts that rows name and a routed model lacks are told before anything is computed.
  void check_labels() const {
    for (const EvalMethod& method : plan_.methods) {
      if (!method.uses_labels()) continue;
      const auto experts = std::get<RoutedModelDirectory>(method.adaptation).enabled_experts();
      for (const TaskRows* task : tasks_of(method)) in(task->task.data, [&] { task->labels.places_in(experts); });
    }
  }

  Provenance provenance_of(const EvalMethod& method) const {
    Provenance provenance = method.provenance;
    provenance.dtype = dtype_ == at::kBFloat16 ? "bf16" : "fp32";
    provenance.device = device_.str();
    provenance.processor = processor_name();
    return provenance;
  }

  /// So are rows without a description.
  void check_descriptions() const {
    for (const EvalMethod& method : plan_.methods) {
      if (!method.descriptions) continue;
      for (const TaskRows* task : tasks_of(method)) {
        for (std::int64_t row = 0; row < std::ssize(task->samples); ++row) routing_text(method, *task, row);
      }
    }
  }

  /// So are tasks that an adapter or a mixture does not know.
  void check_tasks() const {
    for (const EvalMethod& method : plan_.methods) {
      if (!method.task_numbers) continue;
      for (const TaskRows* task : tasks_of(method)) row_task_numbers(*task, *method.task_numbers);
    }
  }

  LoadedMethod put_on(const EvalMethod& method) {
    RoutedModel* routed = base_->put_on(method.adaptation);
    LoadedMethod loaded{method, base_->model(), rows_->tokenizer_or_null(), routed};
    if (routed == nullptr) return loaded;
    loaded.inputs = make_input_routing(loaded.model, *routed, method.encoder, loaded.tokenizer, plan_.base_hash);
    return loaded;
  }

  const EvalPlan& plan_;
  at::Device device_;
  at::ScalarType dtype_;
  std::optional<SuiteRows> rows_;
  std::optional<SharedBase> base_;
  std::optional<EncoderCache> encoder_;
};

}  // namespace

std::optional<EvalProduct> evaluate(const EvalPlan& plan, at::Device device, at::ScalarType dtype) {
  EvalJob job(plan, device, dtype);
  EvaluatedMethods evaluated{.methods = {}, .tasks = {}, .reference = plan.reference};
  for (const Task& task : plan.suite.tasks) evaluated.tasks.push_back(task.name);
  for (std::size_t i = 0; i < plan.methods.size(); ++i) {
    const EvalMethod& method = plan.methods[i];
    if (!job.evaluate(method)) return std::nullopt;
    job.finish(i);
    const bool is_expert = std::holds_alternative<PlainExpert>(method.adaptation);
    evaluated.methods.push_back({method.name, method.out, method.uses_labels(), is_expert});
  }
  if (!plan.shard) return conclude_evaluation(plan.out, evaluated);
  if (plan.methods.front().out != plan.out) write_methods(plan.out, evaluated);
  return plan.out;
}

}  // namespace phatgoose
