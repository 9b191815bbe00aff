// The results of one method as `eval` stored them, with its predictions counted again.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/report/results.h"
#include "phatgoose/scoring/task_tally.h"

namespace phatgoose {

struct StoredRun {
  Results results;
  Tallies tallies;  ///< of results.suite.tasks, from samples.jsonl

  /// Whether the method is an expert alone on the base.
  bool is_single_expert() const;
  bool uses_labels() const;
  /// The hash of the task's data file; empty where the results have none.
  std::string data_hash(const std::string& task) const;
};

/// Reads results.json, and samples.jsonl line by line; stored scores that the samples do not give are said, a warning a
/// task. `metric`: the name of the one that comes first in tasks that have it. Unfinished, damaged, or written by a
/// program that knows more: bad_data.
StoredRun read_run(const fs::path& directory, const std::string& metric = {});

}  // namespace phatgoose
