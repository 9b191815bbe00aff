#include "phatgoose/jobs/method_run.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <iterator>

#include "phatgoose/base/progress.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/eval/routing_file.h"

namespace phatgoose {
namespace {

/// The samples of a batch, answered with what the method knows of its rows; `task_numbers` are empty or of every row.
std::vector<Sample> answer_with(const LoadedMethod& loaded, const TaskRows& task, std::span<const std::int64_t> rows,
                                const std::vector<std::int64_t>& task_numbers, const ScoringPasses& passes) {
  RowBatch batch = batch_of(task, rows);
  if (!task_numbers.empty()) {
    for (std::size_t i = 0; i < rows.size(); ++i) batch.questions[i].facts.task = task_numbers[rows[i]];
  }
  if (loaded.inputs) {
    std::vector<WholeInput> inputs;
    for (const std::int64_t row : rows)
      inputs.push_back({routing_text(loaded.method, task, row), task.questions[row].input});
    std::vector<std::vector<float>> scores = loaded.inputs->scores(inputs);
    for (std::size_t i = 0; i < scores.size(); ++i) batch.questions[i].facts.expert_scores = std::move(scores[i]);
  }
  return answer_batch(loaded.model, loaded.tokenizer, std::move(batch), passes);
}

/// One task of one method, answered chunk by chunk of rows.
class TaskRun {
 public:
  TaskRun(const EvalPlan& plan, LoadedMethod& loaded, const TaskRows& task, PartialTask& partial)
      : plan_(plan), loaded_(loaded), task_(task), partial_(partial) {
    if (loaded.has_weights()) statistics_ = loaded.routed->make_statistics();
    if (loaded.method.uses_labels()) {
      labelled_ = task;
      follow_labels(*labelled_, loaded.routed->expert_names());
    }
    if (loaded.method.task_numbers) task_numbers_ = row_task_numbers(task, *loaded.method.task_numbers);
    passes_ = answer_passes(asked(), plan.pass_tokens);
    if (!plan.shard) return;
    std::size_t number = 0;
    std::erase_if(passes_, [&](const auto&) { return !plan.shard->has(number++); });
  }

  /// Answers what is missing. False: a signal asked to stop.
  bool answer(EncoderCache* cache, const std::function<void()>& on_rows) {
    if (loaded_.method.exclude_own) loaded_.routed->exclude(task_.task.own_expert());
    std::optional<RoutedModel::Observation> observation;
    if (statistics_) observation.emplace(loaded_.routed->observe(*statistics_));
    begin_ = std::chrono::steady_clock::now();
    for (const std::vector<std::int64_t>& pass : passes_) {
      std::vector<std::int64_t> rows = pass;
      std::erase_if(rows, [&](std::int64_t row) { return partial_.has(task_.samples[row].row); });
      if (rows.empty()) continue;
      std::ranges::move(answer_with(loaded_, asked(), rows, task_numbers_, {plan_.pass_tokens, cache}),
                        std::back_inserter(chunk_));
      if (stop_requested() || seconds() >= plan_.save_interval) save();
      on_rows();
      if (stop_requested()) return false;
    }
    save();
    return true;
  }

  std::int64_t rows() const {
    std::int64_t count = 0;
    for (const auto& pass : passes_) count += std::ssize(pass);
    return count;
  }
  std::int64_t answered() const { return partial_.size() + std::ssize(chunk_); }
  const std::string& name() const { return task_.task.name; }

 private:
  const TaskRows& asked() const { return labelled_ ? *labelled_ : task_; }
  std::chrono::duration<double> seconds() const { return std::chrono::steady_clock::now() - begin_; }

  void save() {
    PartialTask::WriteRouting write_routing;
    if (statistics_) {
      write_routing = [&](const fs::path& path) { write_task_routing(path, name(), *statistics_, *loaded_.routed); };
    }
    partial_.save(std::move(chunk_), seconds().count(), write_routing);
    chunk_.clear();
    if (statistics_) *statistics_ = loaded_.routed->make_statistics();
    begin_ = std::chrono::steady_clock::now();
  }

  const EvalPlan& plan_;
  LoadedMethod& loaded_;
  const TaskRows& task_;
  PartialTask& partial_;
  std::optional<TaskRows> labelled_ = std::nullopt;             // the task's rows, for a router that follows labels
  std::vector<std::int64_t> task_numbers_ = {};                 // of every row, where tasks are told apart
  std::optional<RoutingStatistics> statistics_ = std::nullopt;  // of the chunk
  std::vector<std::vector<std::int64_t>> passes_ = {};          // those that are this run's
  std::vector<Sample> chunk_ = {};
  std::chrono::steady_clock::time_point begin_ = {};  // of the chunk
};

}  // namespace

std::string routing_text(const EvalMethod& method, const TaskRows& task, std::int64_t row) {
  if (method.router == nullptr || !method.router->embeds()) return {};
  if (!method.router->describes()) return task.texts[row];
  const std::string& own = task.descriptions[row];
  return own.empty() ? method.descriptions->of(task.task.name, task.samples[row].row) : own;
}

bool answer_tasks(LoadedMethod& loaded, const EvalTasks& tasks, std::vector<PartialTask>& partial, const EvalPlan& plan,
                  EncoderCache* cache) {
  std::vector<TaskRun> runs;
  std::int64_t count = 0, finished = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) count += runs.emplace_back(plan, loaded, *tasks[i], partial[i]).rows();
  Progress progress(plan.methods.size() == 1 ? "eval" : loaded.method.name, count, "rows");
  for (TaskRun& run : runs) {
    if (!run.answer(cache, [&] { progress.update(finished + run.answered(), run.name()); })) return false;
    finished += run.answered();
    progress.update(finished, run.name());
  }
  progress.finish();
  return true;
}

}  // namespace phatgoose
