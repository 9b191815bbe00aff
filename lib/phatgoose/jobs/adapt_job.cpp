#include "phatgoose/jobs/adapt_job.h"

#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>
#include <chrono>

#include "phatgoose/base/log.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/base/version.h"
#include "phatgoose/eval/suite_rows.h"
#include "phatgoose/jobs/adapt_plan.h"
#include "phatgoose/jobs/adapt_reference.h"
#include "phatgoose/nn/device.h"
#include "phatgoose/report/results.h"
#include "phatgoose/report/results_directory.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {
namespace {

constexpr const char* kSummaryFile = "summary.json";
constexpr const char *kExamplesFile = "train.jsonl", *kValidFile = "valid.jsonl";
constexpr const char* kTrials = "trials";

class AdaptJob {
 public:
  explicit AdaptJob(const AdaptPlan& plan) : plan_(plan) {
    if (plan.suite) {
      rows_.emplace(prepare_suite(
          *plan.suite, plan.settings.model,
          {.line_limit = plan.settings.data.reading.line_limit(), .skip_bad = plan.settings.data.reading.skip_bad_rows},
          std::vector<RowNeeds>(plan.suite->tasks.size())));
    }
  }

  /// False: a signal asked to stop.
  bool make(const AdaptRun& run) {
    const fs::path directory = plan_.directory(run), adapted = directory / "adapted", results = directory / "results";
    if (plan_.suite) check_run(results, results, plan_.results_record(run));
    const bool scored = plan_.suite && read_finished(results, kResultsKind).has_value();
    const bool wants_model = run.shots != 0 && (plan_.settings.keep || !scored);
    if (wants_model && !adapt(run, directory, adapted)) return false;
    if (!plan_.suite) return true;
    if (!scored && !score(run, model_of(run, adapted), results)) return false;
    if (!plan_.settings.keep) fs::remove_all(adapted);
    return true;
  }

  FewShotRun scored(const AdaptRun& run) const {
    const Results results = read_results(plan_.directory(run) / "results" / kResultsFile);
    return {plan_.task_name(run), run.shots, run.sample, run.seed, results.scores.mean.score};
  }

 private:
  /// Trains on the run's examples, in every way that is to be tried.
  bool adapt(const AdaptRun& run, const fs::path& directory, const fs::path& adapted) {
    if (read_finished(adapted, plan_.start.kind())) return true;
    const std::vector<AdaptTrial> trials = plan_.settings.trials();
    const AdapterPlan plan = plan_on_examples(run, directory);
    if (trials.size() == 1) return train(run, plan, trials.front(), adapted);
    const fs::path tried = directory / kTrials;
    for (const AdaptTrial& trial : trials) {
      if (!train(run, plan, trial, tried / trial.name())) return false;
    }
    choose(trials, tried, directory, adapted);
    return true;
  }

  /// Writes the examples; a plan of training on them.
  AdapterPlan plan_on_examples(const AdaptRun& run, const fs::path& directory) const {
    make_directories(directory);
    const AdaptTask& task = plan_.tasks[run.task];
    const auto write = [&](const char* name, const std::vector<std::int64_t>& rows) {
      write_file(directory / name, lines_of(task.rows, rows, plan_.settings.data.reading.line_limit()));
      return std::vector{(directory / name).string()};
    };
    AdapterPlan plan = plan_.training;
    plan.data.data = write(kExamplesFile, run.drawn.train);
    plan.data.valid = run.drawn.valid.empty() ? task.valid : write(kValidFile, run.drawn.valid);
    plan.rows.tasks = FileTasks{.of_data = {task.rows.task},
                                .of_valid = std::vector<std::string>(plan.data.valid.size(), task.rows.task)};
    plan.training.kind = plan_.start.kind();
    plan.training.seed = plan.training.trainer.seed = static_cast<std::uint64_t>(run.seed);
    plan.training.record = plan_.record_of(run, file_hashes(plan.data.data), file_hashes(plan.data.valid));
    return plan;
  }

  bool train(const AdaptRun& run, AdapterPlan plan, const AdaptTrial& trial, const fs::path& out) {
    plan.training.product = plan.training.out = plan.training.run = out;
    plan.training.trainer.schedule.peak = plan.training.record["lr"] = trial.lr;
    plan.training.batch = plan.training.record["batch"] = trial.batch;
    T5Model* shared = nullptr;
    if (plan_.start.trains_base()) {
      own_.reset();  // the job holds a model of its own
    } else {
      shared = &base();
    }
    return plan_.start.job(std::move(plan), plan_.task_name(run), shared)->run() == TrainingOutcome::finished;
  }

  /// The best validated trial becomes what is adapted, the first of equals; what all of them reached is kept.
  void choose(const std::vector<AdaptTrial>& trials, const fs::path& tried, const fs::path& directory,
              const fs::path& adapted) const {
    BestCheckpoint best;
    std::string chosen;
    Json told = Json::array();
    for (auto trial = trials.rbegin(); trial != trials.rend(); ++trial) {  // of equals the later offer wins
      const Json reached = read_json(tried / trial->name() / "manifest.json").at("best");
      told.insert(told.begin(), Json{{"lr", trial->lr}, {"batch", trial->batch}, {"best", reached}});
      const BestCheckpoint of_trial = BestCheckpoint::from_json(reached);
      if (best.offer(of_trial.step().value_or(0), of_trial.validation())) chosen = trial->name();
    }
    write_file(directory / "trials.json", Json{{"chosen", chosen}, {"trials", told}}.dump(2) + "\n");
    fs::rename(tried / chosen, adapted);
    fs::remove_all(tried);
  }

  /// What the run made, or, where nothing was trained, what it would have begun with.
  const T5Model& model_of(const AdaptRun& run, const fs::path& adapted) {
    if (plan_.start.trains_base()) {
      own_.reset();
      const fs::path model = run.shots == 0 ? fs::path(plan_.settings.model) : adapted;
      own_.emplace(T5Model::load(model, plan_.training.device, plan_.training.dtype));
      if (run.shots == 0) plan_.start.put_on(*own_, plan_.task_name(run));
      return *own_;
    }
    if (run.shots == 0) {
      plan_.start.put_on(base(), plan_.task_name(run));
      return base();
    }
    const bool modular = plan_.start.kind() == std::string(kModularKind);
    const Adaptation adaptation = modular ? Adaptation(ModularChoice{adapted, {}}) : Adaptation(PlainExpert{adapted});
    phatgoose::adapt(base(), plan_.training.fingerprint, adaptation, plan_.settings.allow_partial);
    return base();
  }

  /// Answers the rows that the run has not seen.
  bool score(const AdaptRun& run, const T5Model& model, const fs::path& out) {
    const AdaptTask& adapted_to = plan_.tasks[run.task];
    const TaskRows& rows = rows_->tasks[run.task];
    const std::set<std::string> seen =
        adapted_to.scored_on_rows ? run.examples(adapted_to.rows) : std::set<std::string>();
    const auto begin = std::chrono::steady_clock::now();
    MethodAnswers answers;
    for (std::vector<std::int64_t>& pass : answer_passes(rows, plan_.settings.training.pass_tokens)) {
      std::erase_if(pass, [&](std::int64_t row) { return seen.contains(rows.samples[row].id); });
      if (pass.empty()) continue;
      RowBatch batch = batch_of(rows, pass);
      for (Question& question : batch.questions) question.facts.task = 0;  // the only one of what was adapted
      std::ranges::move(answer_batch(model, rows_->tokenizer_or_null(), std::move(batch),
                                     {.tokens = plan_.settings.training.pass_tokens}),
                        std::back_inserter(answers.samples));
      if (stop_requested()) return false;
    }
    std::ranges::sort(answers.samples, {}, &Sample::row);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    write(run, rows, out, std::move(answers), seconds.count());
    return true;
  }

  void write(const AdaptRun& run, const TaskRows& rows, const fs::path& out, MethodAnswers answers, double seconds) {
    const Json record = plan_.results_record(run);
    Json settings = record;
    settings["shots"] = run.shots ? Json(*run.shots) : Json("all");
    settings["sample"] = run.sample;
    Suite suite{.name = plan_.suite->name, .tasks = {rows.task}};
    const TaskData data{rows.notes, rows.available, rows.left_out, rows.skipped};
    Provenance provenance{.settings = std::move(settings),
                          .versions = {{"phatgoose", version()}, {"libtorch", TORCH_VERSION}},
                          .hashes = {{"base", plan_.training.fingerprint}, {"from", plan_.start.hash()}},
                          .seed = run.seed,
                          .dtype = plan_.training.dtype == at::kBFloat16 ? "bf16" : "fp32",
                          .device = plan_.training.device.str(),
                          .processor = processor_name()};
    answers.frame = results_frame(suite, {data}, provenance);
    set_timing(answers.frame, suite,
               {.task_seconds = {seconds},
                .peak_memory = peak_memory(),
                .peak_device_memory = peak_device_memory(plan_.training.device)},
               std::ssize(answers.samples));
    begin_run(out, record);
    write_results(out, std::move(answers));
  }

  T5Model& base() {
    if (!base_) base_ = T5Model::load(plan_.settings.model, plan_.training.device, plan_.training.dtype);
    return *base_;
  }

  const AdaptPlan& plan_;
  std::optional<SuiteRows> rows_;
  std::optional<T5Model> base_;
  std::optional<T5Model> own_;  // of the last run, where all weights are trained
};

/// `reference`: what the runs of another adaptation scored, if there is one.
FewShotSummary summary_of(const AdaptPlan& plan, const AdaptJob& job, const std::vector<double>& reference) {
  FewShotSummary summary{.tasks = {}, .shots = plan.settings.shot_counts(), .runs = {}};
  for (const AdaptTask& task : plan.tasks) summary.tasks.push_back(task.rows.task);
  for (const AdaptRun& run : plan.runs) summary.runs.push_back(job.scored(run));
  for (std::size_t i = 0; i < reference.size(); ++i) summary.runs[i].reference = reference[i];
  return summary;
}

}  // namespace

std::optional<Adapted> adapt_to_tasks(AdaptSettings settings, at::Device device, at::ScalarType dtype) {
  const AdaptPlan plan = plan_adaptation(std::move(settings), device, dtype);
  const fs::path out = plan.settings.out;
  check_run(out, out, plan.record);
  std::vector<double> reference;
  if (plan.settings.reference) reference = reference_scores(plan, *plan.settings.reference);
  const RunLock lock(out);
  begin_run(out, plan.record);
  AdaptJob job(plan);
  for (std::size_t i = 0; i < plan.runs.size(); ++i) {
    const AdaptRun& run = plan.runs[i];
    log_info(fmt::format("{} of {}: {}", i + 1, plan.runs.size(), plan.directory(run).string()));
    if (!job.make(run)) return std::nullopt;
  }
  Adapted adapted;
  if (!plan.suite) return adapted;
  adapted.summary = summary_of(plan, job, reference);
  Json json = {{"settings", plan.record}, {"suite", plan.suite->name}};
  json.update(few_shot_json(*adapted.summary));
  write_file(out / kSummaryFile, json.dump(2) + "\n");
  return adapted;
}

}  // namespace phatgoose
