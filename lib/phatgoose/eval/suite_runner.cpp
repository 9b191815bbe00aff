#include "phatgoose/eval/suite_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include <algorithm>

#include "phatgoose/base/log.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/base/progress.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/base/version.h"
#include "phatgoose/data/shipped_suites.h"
#include "phatgoose/eval/input_routing.h"
#include "phatgoose/eval/partial_results.h"
#include "phatgoose/eval/routing_file.h"
#include "phatgoose/eval/shared_parts.h"
#include "phatgoose/report/results.h"
#include "phatgoose/report/table.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {
namespace {

constexpr const char* kResultsFile = "results.json";

/// Thrown out of a task when a signal asks to stop; what the task has computed so far is given up.
struct Stopped {};

/// What names the parts of the model: hashes of "base", and of "expert" or "routed".
Json part_hashes(const EvalSettings& settings, const std::string& base_hash) {
  Json hashes = {{"base", base_hash}};
  for (const std::string& expert : settings.experts) {
    hashes["expert"] = ExpertDirectory::open(expert, /*check_values=*/false).adapter_hash();
  }
  for (const std::string& routed : settings.routed) {
    hashes["routed"] = content_hash_of_file(fs::path(routed) / "manifest.json");
  }
  return hashes;
}

/// One method on the shared model.
struct Method {
  const EvalSettings& settings;
  RoutedModel* routed;    ///< null where nothing is routed
  EncoderCache* encoder;  ///< null where its encoder states are its own
  std::optional<InputRouting> inputs = std::nullopt;

  bool has_weights() const { return routed != nullptr && routed->has_weights(); }
};

Method put_on(const EvalSettings& settings, SharedParts& shared, EncoderCache* encoder) {
  Method method{settings, shared.model->put_on(adaptation_of(settings)), encoder};
  if (method.routed != nullptr && method.routed->router().scores_inputs()) {
    method.inputs.emplace(shared.model->model(), *method.routed, settings.routing.encoder,
                          shared.rows->tokenizer_or_null(), shared.base_hash);
  }
  return method;
}

/// The task's samples, answered with what the router knows of its rows.
std::vector<Sample> answer_with(Method& method, const SharedParts& shared, const TaskRows& task,
                                const AnswerPasses& passes) {
  const Tokenizer* tokenizer = shared.rows->tokenizer_or_null();
  if (method.settings.exclude_own) method.routed->exclude(task.task.own_expert());
  const bool labelled = method.routed != nullptr && method.routed->router().follows_labels;
  if (!method.inputs && !labelled) return answer_task(shared.model->model(), tokenizer, task, passes);
  TaskRows routed = task;
  if (labelled) follow_labels(routed, method.routed->expert_names());
  if (method.inputs) {
    std::vector<std::vector<float>> scores = method.inputs->scores(task.texts);
    for (std::size_t row = 0; row < scores.size(); ++row) routed.questions[row].expert_scores = std::move(scores[row]);
  }
  return answer_task(shared.model->model(), tokenizer, routed, passes);
}

/// What is to be known of each task's rows. What the method's sentence encoder cuts is said, too.
std::vector<TaskData> data_of(const Method& method, const std::vector<const TaskRows*>& tasks) {
  std::vector<TaskData> all;
  for (const TaskRows* task : tasks) {
    TaskData& data = all.emplace_back(TaskData{task->notes, task->available});
    if (!method.inputs) continue;
    const SentenceEncoder& encoder = method.inputs->encoder();
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
  const Json results = read_results(out / kResultsFile).json;
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
void answer_tasks(Method& method, const SharedParts& shared, const std::vector<const TaskRows*>& tasks,
                  const PartialResults& partial, const std::string& title) {
  std::int64_t count = 0, finished = 0;
  for (const TaskRows* task : tasks) count += static_cast<std::int64_t>(task->samples.size());
  Progress progress(title, count, "rows");
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const TaskRows& task = *tasks[i];
    const std::string& name = task.task.name;
    const auto on_rows = [&](std::int64_t done) {
      progress.update(finished + done, name);
      if (stop_requested()) throw Stopped();
    };
    if (!partial.has(i)) {
      std::optional<RoutingStatistics> statistics;
      if (method.has_weights()) statistics = method.routed->make_statistics();
      std::optional<RoutedModel::Observation> observation;
      if (statistics) observation.emplace(method.routed->observe(*statistics));
      const AnswerPasses passes{method.settings.pass_tokens, on_rows, method.encoder};
      const std::vector<Sample> samples = answer_with(method, shared, task, passes);
      if (statistics) write_task_routing(partial.routing_file(i), name, *statistics, *method.routed);
      partial.save(i, samples);
    }
    finished += static_cast<std::int64_t>(task.samples.size());
    progress.update(finished, name);
  }
  progress.finish();
}

/// Joins the tasks' parts into the product, manifest last.
void write_product(const fs::path& out, const Suite& suite, const std::vector<TaskData>& data,
                   const PartialResults& partial, bool routed, const Provenance& provenance,
                   const Json& manifest_body) {
  std::vector<Sample> samples;
  std::vector<fs::path> routing_parts;
  for (std::size_t i = 0; i < suite.tasks.size(); ++i) {
    std::ranges::move(partial.load(i), std::back_inserter(samples));
    routing_parts.push_back(partial.routing_file(i));
  }
  const SuiteScore scores = score_suite(suite.tasks, samples);
  std::vector<std::string> files = {kResultsFile, "run.json", "samples.jsonl"};
  write_samples(out / "samples.jsonl", samples);
  write_file(out / kResultsFile, results_json(suite, scores, data, provenance).dump(2) + "\n");
  if (routed) {
    join_routing(out / "routing.safetensors", routing_parts);
    files.push_back("routing.safetensors");
  }
  write_manifest(out, {kResultsKind, manifest_body}, files);
  partial.remove();
}

Json record_of(EvalSettings settings, const Json& base_record, const Json& suite_hashes, const Json& hashes) {
  std::map<std::string, Json> contents = {{"model", base_record}, {"suite", suite_hashes}};
  for (const char* part : {"expert", "routed"}) {
    if (hashes.contains(part)) contents[part] = hashes[part];
  }
  return run_record(settings.declare(), contents);
}

/// Hashes of the suite's file, then of the data of each of its tasks.
Json suite_hashes_of(const EvalSettings& settings, const Suite& suite) {
  std::vector<std::string> files = {suite_file(settings.suite).string()};
  for (const Task& task : suite.tasks) files.push_back(task.data.string());
  return file_hashes(files);
}

Provenance provenance_of(EvalSettings settings, const Json& hashes, at::ScalarType dtype) {
  Provenance provenance;
  provenance.settings = settings.declare().values();
  provenance.versions = {{"phatgoose", version()}, {"libtorch", TORCH_VERSION}};
  provenance.hashes = hashes;
  provenance.seed = settings.common.seed;
  provenance.dtype = dtype == at::kBFloat16 ? "bf16" : "fp32";
  return provenance;
}

/// Method number `i` into a directory of its own. False: a signal asked to stop.
bool evaluate_method(std::size_t i, SharedParts& shared) {
  const EvalSettings& settings = shared.methods[i].settings;
  const fs::path out = settings.out;
  const Suite& suite = shared.suites[i];
  Json hashes = part_hashes(settings, shared.base_hash);
  const Json suite_hashes = suite_hashes_of(settings, suite);
  const Json record = record_of(settings, shared.base_record, suite_hashes, hashes);
  hashes["suite"] = suite_hashes.front();
  check_run(out, out, record);
  std::optional<RunLock> lock;
  if (!is_of_kind(out, kResultsKind)) lock.emplace(out);
  if (read_finished(out, kResultsKind)) {
    say_finished(out);
    return true;
  }
  shared.prepare();
  Method method = put_on(settings, shared, shared.encoder_for(i));
  begin_run(out, record);
  const std::vector<TaskData> data = data_of(method, shared.rows_of(i));
  const PartialResults partial(out);
  partial.create();
  try {
    const std::string title = shared.methods.size() == 1 ? "eval" : shared.methods[i].name;
    answer_tasks(method, shared, shared.rows_of(i), partial, title);
  } catch (const Stopped&) {
    return false;
  }
  write_product(out, suite, data, partial, method.has_weights(), provenance_of(settings, hashes, shared.dtype),
                {{"suite", suite.name}});
  return true;
}

}  // namespace

std::optional<Evaluation> evaluate_suite(EvalSettings settings, at::Device device, at::ScalarType dtype) {
  check_limit(settings);
  settings.tasks = split_at_commas(settings.tasks);
  SharedParts shared(settings, device, dtype);
  std::vector<MethodResult> results, experts;
  Json first;
  for (std::size_t i = 0; i < shared.methods.size(); ++i) {
    if (!evaluate_method(i, shared)) return std::nullopt;
    shared.finish(i);
    const EvalMethod& method = shared.methods[i];
    const fs::path out = method.settings.out;
    const Results read = read_results(out / kResultsFile);
    if (i == 0) first = read.json;
    results.push_back({method.name, read_samples(out / "samples.jsonl"), read.scores, method.uses_labels()});
    if (!method.settings.experts.empty()) experts.push_back(results.back());
  }
  std::ranges::move(reference_rows(shared.suite.tasks, experts), std::back_inserter(results));
  if (results.size() == 1) return Evaluation{std::move(results), std::nullopt, std::move(first)};
  Comparison comparison = compare(shared.suite.tasks, results, settings.compare_to.value_or(results.front().name));
  write_file(fs::path(settings.out) / "comparison.json", comparison_json(comparison).dump(2) + "\n");
  return Evaluation{std::move(results), std::move(comparison), std::move(first)};
}

std::string Evaluation::table() const {
  return comparison ? comparison_table(*comparison) : suite_table(methods.front().scores);
}

Json Evaluation::json() const { return comparison ? comparison_json(*comparison) : results; }

}  // namespace phatgoose
