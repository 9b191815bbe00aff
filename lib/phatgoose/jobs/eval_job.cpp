#include "phatgoose/jobs/eval_job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/progress.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/eval/encoder_cache.h"
#include "phatgoose/eval/input_routing.h"
#include "phatgoose/eval/partial_results.h"
#include "phatgoose/eval/routing_file.h"
#include "phatgoose/eval/shared_base.h"
#include "phatgoose/report/comparison_table.h"
#include "phatgoose/report/stored_run.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {
namespace {

constexpr const char* kEvalResults = "results.json";

/// Thrown out of a task when a signal asks to stop; what the task has computed so far is given up.
struct Stopped {};

using EvalTasks = std::vector<const TaskRows*>;

/// A method whose experts are on the base.
struct LoadedMethod {
  const EvalMethod& method;
  const T5Model& model;
  const Tokenizer* tokenizer;
  RoutedModel* routed;                                ///< null where nothing is routed
  std::optional<InputRouting> inputs = std::nullopt;  ///< for a router that compares inputs

  bool has_weights() const { return routed != nullptr && routed->has_weights(); }
};

/// The task's samples, answered with what the router knows of its rows.
std::vector<Sample> answer_with(LoadedMethod& loaded, const TaskRows& task, const AnswerPasses& passes) {
  if (loaded.method.exclude_own) loaded.routed->exclude(task.task.own_expert());
  const bool labelled = loaded.method.uses_labels();
  if (!loaded.inputs && !labelled) return answer_task(loaded.model, loaded.tokenizer, task, passes);
  TaskRows routed = task;
  if (labelled) follow_labels(routed, loaded.routed->expert_names());
  if (loaded.inputs) {
    std::vector<std::vector<float>> scores = loaded.inputs->scores(task.texts);
    for (std::size_t row = 0; row < scores.size(); ++row) routed.questions[row].expert_scores = std::move(scores[row]);
  }
  return answer_task(loaded.model, loaded.tokenizer, routed, passes);
}

/// What is to be known of each task's rows. What the method's sentence encoder cuts is said, too.
std::vector<TaskData> data_of(const LoadedMethod& loaded, const EvalTasks& tasks) {
  std::vector<TaskData> all;
  for (const TaskRows* task : tasks) {
    TaskData& data = all.emplace_back(TaskData{task->notes, task->available});
    if (!loaded.inputs) continue;
    const SentenceEncoder& encoder = loaded.inputs->encoder();
    RowNotes cut;
    for (std::size_t row = 0; row < task->texts.size(); ++row) {
      if (!encoder.cuts(task->texts[row])) continue;
      cut.add(RowNote::cut_retrieval_text, task->lines[row], encoder.max_length());
    }
    cut.warn(task->place(), std::ssize(task->texts));
    data.notes.add(cut);
  }
  return all;
}

/// The warnings about rows are in the log of the run that read them; of a finished one, its counts are said.
void say_finished(const fs::path& out) {
  log_info(out.string() + " is finished; nothing to do");
  const Json results = read_results(out / kEvalResults).json;
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

/// Answers every one of the tasks that `partial` lacks.
void answer_tasks(LoadedMethod& loaded, const EvalTasks& tasks, const PartialResults& partial, const std::string& title,
                  AnswerPasses passes) {
  std::int64_t count = 0, finished = 0;
  for (const TaskRows* task : tasks) count += std::ssize(task->samples);
  Progress progress(title, count, "rows");
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const TaskRows& task = *tasks[i];
    const std::string& name = task.task.name;
    passes.on_rows = [&](std::int64_t done) {
      progress.update(finished + done, name);
      if (stop_requested()) throw Stopped();
    };
    if (!partial.has(i)) {
      std::optional<RoutingStatistics> statistics;
      if (loaded.has_weights()) statistics = loaded.routed->make_statistics();
      std::optional<RoutedModel::Observation> observation;
      if (statistics) observation.emplace(loaded.routed->observe(*statistics));
      const std::vector<Sample> samples = answer_with(loaded, task, passes);
      if (statistics) write_task_routing(partial.routing_file(i), name, *statistics, *loaded.routed);
      partial.save(i, samples);
    }
    finished += std::ssize(task.samples);
    progress.update(finished, name);
  }
  progress.finish();
}

/// Joins the tasks' parts into the product, manifest last.
void write_product(const LoadedMethod& loaded, const std::vector<TaskData>& data, const PartialResults& partial,
                   const Provenance& provenance) {
  const fs::path& out = loaded.method.out;
  const Suite& suite = loaded.method.suite;
  std::vector<Sample> samples;
  std::vector<fs::path> routing_parts;
  for (std::size_t i = 0; i < suite.tasks.size(); ++i) {
    std::ranges::move(partial.load(i), std::back_inserter(samples));
    routing_parts.push_back(partial.routing_file(i));
  }
  const SuiteScore scores = score_suite(tally_samples(suite.tasks, samples));
  std::vector<std::string> files = {kEvalResults, "run.json", "samples.jsonl"};
  write_samples(out / "samples.jsonl", samples);
  write_file(out / kEvalResults, results_json(suite, scores, data, provenance).dump(2) + "\n");
  if (loaded.has_weights()) {
    join_routing(out / "routing.safetensors", routing_parts);
    files.push_back("routing.safetensors");
  }
  write_manifest(out, {kResultsKind, {{"suite", suite.name}}}, files);
  partial.remove();
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
    std::optional<RunLock> lock;
    if (!is_of_kind(method.out, kResultsKind)) lock.emplace(method.out);
    if (read_finished(method.out, kResultsKind)) {
      say_finished(method.out);
      return true;
    }
    load();
    LoadedMethod loaded = put_on(method);
    begin_run(method.out, method.record);
    const EvalTasks tasks = tasks_of(method);
    const std::vector<TaskData> data = data_of(loaded, tasks);
    const PartialResults partial(method.out);
    partial.create();
    try {
      const std::string title = plan_.methods.size() == 1 ? "eval" : method.name;
      EncoderCache* cache = method.shares_encoder ? &*encoder_ : nullptr;
      answer_tasks(loaded, tasks, partial, title, {.tokens = plan_.pass_tokens, .on_rows = {}, .encoder = cache});
    } catch (const Stopped&) {
      return false;
    }
    Provenance provenance = method.provenance;
    provenance.dtype = dtype_ == at::kBFloat16 ? "bf16" : "fp32";
    write_product(loaded, data, partial, provenance);
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

  LoadedMethod put_on(const EvalMethod& method) {
    RoutedModel* routed = base_->put_on(method.adaptation);
    LoadedMethod loaded{method, base_->model(), rows_->tokenizer_or_null(), routed};
    if (routed != nullptr && routed->router().scores_inputs()) {
      loaded.inputs.emplace(loaded.model, *routed, method.encoder, loaded.tokenizer, plan_.base_hash);
    }
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

std::optional<Evaluation> evaluate(const EvalPlan& plan, at::Device device, at::ScalarType dtype) {
  EvalJob job(plan, device, dtype);
  std::vector<MethodResult> results, experts;
  Json first;
  for (std::size_t i = 0; i < plan.methods.size(); ++i) {
    const EvalMethod& method = plan.methods[i];
    if (!job.evaluate(method)) return std::nullopt;
    job.finish(i);
    const StoredRun run = read_run(method.out);
    if (i == 0) first = run.results.json;
    results.push_back({method.name, run.tallies, score_suite(run.tallies), method.uses_labels()});
    if (std::holds_alternative<PlainExpert>(method.adaptation)) experts.push_back(results.back());
  }
  std::ranges::move(reference_rows(plan.suite.tasks, experts), std::back_inserter(results));
  if (results.size() == 1) return Evaluation{std::move(results), std::nullopt, std::move(first)};
  Comparison comparison = compare(plan.suite.tasks, results, plan.reference);
  write_file(plan.out / "comparison.json", comparison_json(comparison).dump(2) + "\n");
  return Evaluation{std::move(results), std::move(comparison), std::move(first)};
}

std::string Evaluation::table() const {
  return comparison ? comparison_table(*comparison).text() : suite_table(methods.front().scores).text();
}

Json Evaluation::json() const { return comparison ? comparison_json(*comparison) : results; }

}  // namespace phatgoose
