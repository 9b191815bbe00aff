// Several methods on one suite, side by side (METHODS 4 and 9).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/data/suite.h"
#include "phatgoose/scoring/sample.h"
#include "phatgoose/scoring/score.h"

namespace phatgoose {

struct MethodResult {
  std::string name;
  std::vector<Sample> samples;  ///< all rows of all its tasks
  SuiteScore scores;
  bool uses_labels = false;  ///< a reference row, which a deployment could not have
};

/// Reference rows from the results of several single experts. From those that have all tasks, if there are two or more:
/// "best-individual", the expert with the best mean over tasks, and "oracle", per task the expert with the best score
/// on it. Ties: the earlier expert. Both use labels. Then "own-expert", which knows the task and no label: every task
/// by the expert of that name (Task::own_expert), over the tasks that have one.
std::vector<MethodResult> reference_rows(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts);

struct Comparison {
  struct Row {
    std::string method;
    std::vector<std::optional<MetricScore>> tasks;  ///< the first metric of each; none where the method left it out
    MetricScore mean;                               ///< over the tasks that it has
    /// Of the mean to the reference's over the same tasks; none for the reference itself, and where that lacks one.
    std::optional<MetricScore> difference;
    bool uses_labels = false;
    bool within_own_expert = false;  ///< its only task is its own: the row "own-expert" has the same number
  };
  std::vector<std::string> tasks;  ///< names
  std::string reference;           ///< the method that differences refer to
  std::vector<Row> rows;
};

/// The scores of `methods`, each on some of `tasks`; differences to the method called `reference`, which must be among
/// them, are resampled in pairs.
Comparison compare(const std::vector<Task>& tasks, const std::vector<MethodResult>& methods,
                   const std::string& reference);

/// A line for each method, a column for each task; then the mean over tasks and the difference, with 95 % intervals. A
/// line with fewer tasks than there are says so; those that are within the line own-expert are left out, unless it is
/// the reference. A table of more than 100 columns has a line for each task and a column for each method instead, where
/// that is narrower.
std::string comparison_table(const Comparison& comparison);

/// comparison.json: the same numbers unrounded, and the intervals of every task's score.
Json comparison_json(const Comparison& comparison);
/// The way back, but for within_own_expert; tasks in the order in which methods name them. What is not the JSON of a
/// comparison: bad_data at `where`.
Comparison comparison_of(const Json& json);

}  // namespace phatgoose
