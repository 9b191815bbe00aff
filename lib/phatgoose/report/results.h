// results.json: the scores of a suite and everything needed to know how they came about.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/data/records.h"
#include "phatgoose/data/row_notes.h"
#include "phatgoose/data/suite.h"
#include "phatgoose/scoring/score.h"

namespace phatgoose {

/// Where the numbers come from.
struct Provenance {
  Json settings = Json::object();  ///< resolved options of the command
  Json versions = Json::object();  ///< phatgoose, libtorch, ...
  Json hashes = Json::object();    ///< base, experts, suite and data files
  std::int64_t seed = 0;
  std::string dtype;
  bool uses_labels = false;  ///< of a method that a deployment could not have
  std::string device = "cpu";
  std::string processor = {};  ///< model name of the CPU; empty where the system does not tell
};

/// How long answering took, loading not counted, and how much memory the process has needed. All that depends on the
/// clock is here, so that the rest of results.json is the same in every run.
struct Timing {
  std::vector<double> task_seconds;                     ///< of each task
  std::int64_t peak_memory = 0;                         ///< bytes
  std::optional<std::int64_t> peak_device_memory = {};  ///< bytes; none on a CPU
};

/// What is to be known of the rows of a task.
struct TaskData {
  RowNotes notes;
  std::int64_t available = 0;  ///< rows of the file, of which all or some were evaluated
  std::int64_t left_out = 0;   ///< of these by the task's templates
  SkippedRows skipped = {};
};

/// results.json without scores: they are null until set_scores(). `data`: of each task. Adds the hash of every task's
/// data file to `provenance.hashes["data"]` by task name.
Json results_frame(const Suite& suite, const std::vector<TaskData>& data, const Provenance& provenance);
/// `rows`: how many were answered.
void set_timing(Json& results, const Suite& suite, const Timing& timing, std::int64_t rows);
void set_scores(Json& results, const SuiteScore& scores);

/// Parts of a task's entry there: its metrics by name; its "templates", and "over_templates", null unless there are
/// several.
Json metrics_json(const TaskScore& scores);
Json templates_json(const TaskScore& scores);

/// The suite's name and tasks (kinds, metrics), as results_frame() wrote them.
Suite suite_of_results(const Json& results);

/// The suite and its scores; those of templates are in `json` only.
struct Results {
  Suite suite;
  SuiteScore scores;
  Json json;
};
Results read_results(const fs::path& path);

}  // namespace phatgoose
