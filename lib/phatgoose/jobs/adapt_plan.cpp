#include "phatgoose/jobs/adapt_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/data/chosen_rows.h"
#include "phatgoose/data/chosen_suite.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/settings/task_files.h"
#include "phatgoose/store/named_directory.h"

namespace phatgoose {
namespace {

/// The files of --data or --valid.
std::vector<TaskFile> task_files(const std::vector<std::string>& texts, const char* option) {
  std::vector<TaskFile> files;
  for (const std::string& text : texts) files.push_back(task_file(text, option));
  return files;
}

std::vector<std::string> names_of(const std::vector<TaskFile>& files) {
  std::vector<std::string> names;
  for (const TaskFile& file : files) {
    if (std::ranges::find(names, file.task) != names.end()) {
      refuse_usage("--data", "two files of task " + file.task, "one file for each task", "join them into one");
    }
    names.push_back(file.task);
  }
  return names;
}

/// Those of --data that --tasks leaves, or, without --data, of the suite.
std::vector<std::string> chosen_names(const AdaptSettings& settings, const std::vector<TaskFile>& files) {
  const std::vector<std::string> asked = split_at_commas(settings.tasks);
  std::vector<std::string> names = names_of(files);
  if (files.empty() || asked.empty()) return files.empty() ? asked : names;
  for (const std::string& name : asked) {
    if (std::ranges::find(names, name) == names.end()) {
      refuse_usage("--tasks", "\"" + name + "\"", fmt::format("a task of --data"));
    }
  }
  std::erase_if(names, [&](const std::string& name) { return std::ranges::find(asked, name) == asked.end(); });
  return names;
}

ShotRows rows_of_file(const TaskFile& file, const RowReadingSettings& reading) {
  SkippedRows skipped;
  return {.task = file.task,
          .file = file.path,
          .records = read_records(file.path, reading.line_limit(), reading.skip_bad_rows ? &skipped : nullptr)};
}

ShotRows rows_of_task(const Task& task, const RowReadingSettings& reading) {
  const RowChoice choice{.line_limit = reading.line_limit(), .skip_bad = reading.skip_bad_rows};
  return {.task = task.name, .file = task.data, .records = choose_rows(task, choice).records};
}

std::vector<AdaptTask> read_tasks(const AdaptSettings& settings, const std::optional<Suite>& suite,
                                  const std::vector<TaskFile>& files, const std::vector<std::string>& names) {
  std::vector<AdaptTask> tasks;
  if (files.empty()) {
    for (const Task& task : suite->tasks) {
      tasks.push_back({.rows = rows_of_task(task, settings.data.reading), .scored_on_rows = true});
    }
  }
  for (const TaskFile& file : files) {
    if (std::ranges::find(names, file.task) == names.end()) continue;
    tasks.push_back({.rows = rows_of_file(file, settings.data.reading)});
  }
  for (const TaskFile& file : task_files(settings.data.valid, "--valid")) {
    const auto task = std::ranges::find(tasks, file.task, [](const AdaptTask& known) { return known.rows.task; });
    if (task == tasks.end()) refuse_usage("--valid", "a file of task \"" + file.task + "\"", "a task to adapt to");
    task->valid.push_back(file.path);
  }
  for (const AdaptTask& task : tasks) {
    if (!is_expert_name(task.rows.task)) refuse_usage("--tasks", "\"" + task.rows.task + "\"", kExpertNameRule);
  }
  return tasks;
}

void put_in_order(std::vector<AdaptTask>& tasks, const Suite& suite) {
  std::ranges::sort(tasks, {}, [&](const AdaptTask& task) {
    return std::ranges::find(suite.tasks, task.rows.task, &Task::name) - suite.tasks.begin();
  });
}

/// Without training there is one run, and without a choice of examples one sample.
std::vector<AdaptRun> runs_of(const AdaptSettings& settings, const std::vector<AdaptTask>& tasks) {
  std::vector<AdaptRun> runs;
  for (const std::optional<std::int64_t>& shots : settings.shot_counts()) {
    const bool chooses = shots ? *shots > 0 : settings.valid_shots > 0;
    const std::int64_t samples = chooses ? settings.samples : 1;
    const std::int64_t seeds = shots == 0 ? 1 : settings.seeds;
    for (std::size_t task = 0; task < tasks.size(); ++task) {
      for (std::int64_t sample = 0; sample < samples; ++sample) {
        const std::int64_t valid = shots == 0 ? 0 : settings.valid_shots;
        const Shots drawn = draw_shots(tasks[task].rows, {shots, valid}, sample);
        for (std::int64_t seed = 0; seed < seeds; ++seed) {
          runs.push_back({task, shots, sample, settings.common.seed + seed, drawn});
        }
      }
    }
  }
  return runs;
}

/// Some rows must be left to score on, and for what is not trained there must be scores.
void check_runs(const AdaptPlan& plan) {
  for (const AdaptRun& run : plan.runs) {
    const AdaptTask& task = plan.tasks[run.task];
    if (run.shots == 0 && !plan.suite) {
      refuse_usage("--shots", "0 without --suite", "examples to adapt to, or a suite that scores without them");
    }
    if (!task.scored_on_rows || run.shots == 0) continue;
    const std::set<std::string> drawn = run.examples(task.rows);
    if (std::ranges::all_of(task.rows.records, [&](const Record& row) { return drawn.contains(row.id); })) {
      refuse(task.rows.file, fmt::format("{} examples, of which {} are to adapt to", drawn.size(), drawn.size()),
             "rows left to score on", "give the examples their own file: --data " + task.rows.task + "=FILE");
    }
  }
}

}  // namespace

std::set<std::string> AdaptRun::examples(const ShotRows& rows) const {
  std::set<std::string> examples = examples_of(rows, drawn.train);
  examples.merge(examples_of(rows, drawn.valid));
  return examples;
}

fs::path AdaptPlan::place(const AdaptRun& run) const {
  const std::string shots = run.shots ? fmt::format("shots-{}", *run.shots) : "all";
  return fs::path(task_name(run)) / shots / fmt::format("sample-{}", run.sample) / fmt::format("seed-{}", run.seed);
}

Json AdaptPlan::record_of(const AdaptRun& run, const Json& data, const Json& valid) const {
  Json of_run = record;
  of_run["seed"] = run.seed;
  of_run["task"] = task_name(run);
  of_run["data"] = data;
  of_run["valid"] = valid;
  return of_run;
}

Json AdaptPlan::results_record(const AdaptRun& run) const {
  const AdaptTask& task = tasks[run.task];
  Json of_run = record_of(run, task.hash, file_hashes(task.valid));
  of_run["scored_on"] = content_hash_of_file(suite->tasks[run.task].data);
  return of_run;
}

AdaptPlan plan_adaptation(AdaptSettings settings, at::Device device, at::ScalarType dtype) {
  settings.check();
  const std::vector<TaskFile> files = task_files(settings.data.data, "--data");
  const std::vector<std::string> names = chosen_names(settings, files);
  std::optional<Suite> suite;
  if (settings.suite) {
    suite = chosen_suite({.suite = *settings.suite, .data_dir = settings.data_dir, .tasks = names});
  }
  std::vector<AdaptTask> tasks = read_tasks(settings, suite, files, names);
  if (suite) put_in_order(tasks, *suite);
  AdaptStart start = AdaptStart::open(settings, read_t5_config(settings.model), base_fingerprint(settings.model));
  for (const AdaptTask& task : tasks) start.check_task(task.rows.task);
  if (start.trains_base() && dtype != at::kFloat) {
    refuse_usage("--dtype", "bf16 with --train model", "fp32: all weights are trained");
  }
  settings.training.resolve();
  AdaptSettings rowless = settings;  // each run has rows of its own
  rowless.data.data.clear();
  rowless.data.valid.clear();
  AdaptPlan plan{.settings = settings,
                 .start = std::move(start),
                 .training = adapter_plan(rowless, settings.out, device, dtype),
                 .tasks = std::move(tasks),
                 .suite = std::move(suite),
                 .runs = {},
                 .record = nullptr};
  plan.training.routing_rate = settings.routing_lr;
  plan.training.contents["from"] = plan.start.hash();
  if (settings.task_vectors) {
    plan.training.contents["vectors"] = content_hash_of_file(fs::path(*settings.task_vectors) / "manifest.json");
  }
  plan.runs = runs_of(settings, plan.tasks);
  check_runs(plan);
  for (AdaptTask& task : plan.tasks) task.hash = content_hash_of_file(task.rows.file);
  plan.training.contents["data"] = plan.training.contents["valid"] = nullptr;  // of each run
  plan.record = run_record(settings.declare(), plan.training.contents);
  return plan;
}

}  // namespace phatgoose
