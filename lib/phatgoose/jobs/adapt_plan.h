// `phatgoose adapt` before anything is trained: what begins, the tasks and their rows, the runs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/data/suite.h"
#include "phatgoose/jobs/adapt_start.h"
#include "phatgoose/jobs/shots.h"
#include "phatgoose/settings/adapt.h"

namespace phatgoose {

/// A task to adapt to.
struct AdaptTask {
  ShotRows rows;                        ///< that examples are drawn from
  std::string hash = {};                ///< of their file's content
  std::vector<std::string> valid = {};  ///< its validation files
  bool scored_on_rows = false;          ///< whether the suite scores it on these very rows
};

/// One adaptation: a task, so many examples of it, and how they are drawn and trained on.
struct AdaptRun {
  std::size_t task;                   ///< its number
  std::optional<std::int64_t> shots;  ///< none: all rows
  std::int64_t sample, seed;
  Shots drawn;

  /// Ids of all that were drawn.
  std::set<std::string> examples(const ShotRows& rows) const;
};

struct AdaptPlan {
  AdaptSettings settings;  ///< resolved
  AdaptStart start;
  AdapterPlan training;          ///< what all runs have in common; each says where it is, on what rows, from what seed
  std::vector<AdaptTask> tasks;  ///< in the order of the suite, where there is one
  std::optional<Suite> suite;    ///< its tasks are those of `tasks`
  std::vector<AdaptRun> runs;
  Json record;  ///< what the whole is begun and continued with; each run has rows of its own

  const std::string& task_name(const AdaptRun& run) const { return tasks[run.task].rows.task; }
  /// TASK/shots-N/sample-N/seed-N
  fs::path place(const AdaptRun& run) const;
  fs::path directory(const AdaptRun& run) const { return fs::path(settings.out) / place(run); }
  /// What the run's own directory is begun and continued with; `data` and `valid`: hashes of its rows.
  Json record_of(const AdaptRun& run, const Json& data, const Json& valid) const;
  /// The same for its scores, whose rows are drawn from a task's and scored on those of the suite, which must be there.
  Json results_record(const AdaptRun& run) const;
};

/// Reads the suite and all rows to draw from, opens what training begins with, and draws. What does not fit together:
/// usage error, or bad_data with the place.
AdaptPlan plan_adaptation(AdaptSettings settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
