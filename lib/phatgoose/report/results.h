// results.json: the scores of a suite and everything needed to know how they came about.
#pragma once

#include "phatgoose/base/json.h"
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
};

/// What is to be known of the rows of a task.
struct TaskData {
  RowNotes notes;
  std::int64_t available = 0;  ///< rows of the file, of which all or some were evaluated
};

/// `data`: of each task. Adds the hash of every task's data file to `provenance.hashes["data"]` by task
/// name.
Json results_json(const Suite& suite, const SuiteScore& scores, const std::vector<TaskData>& data,
                  const Provenance& provenance);

/// Parts of a task's entry there: its metrics by name; its "templates", and "over_templates" where there are several.
Json metrics_json(const TaskScore& scores);
Json templates_json(const TaskScore& scores);

/// The suite's name and tasks (kinds, metrics) and its scores, as results_json wrote them; those of templates are in
/// `json` only.
struct Results {
  Suite suite;
  SuiteScore scores;
  Json json;
};
Results read_results(const fs::path& path);

}  // namespace phatgoose
