// Several methods on one suite, side by side (METHODS 4 and 9).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/data/suite.h"
#include "phatgoose/scoring/score.h"
#include "phatgoose/scoring/significance.h"

namespace phatgoose {

struct MethodResult {
  std::string name;
  Tallies tallies;  ///< of all its tasks
  SuiteScore scores;
  bool uses_labels = false;  ///< a reference row, which a deployment could not have
};

/// Reference rows from the results of several single experts. From those that have all tasks, if there are two or more:
/// "best-individual", the expert with the best mean over tasks, and "oracle", per task the expert with the best score
/// on it. Ties: the earlier expert. Both use labels. Then "own-expert", which knows the task and no label: every task
/// by the expert of that name (Task::own_expert), over the tasks that have one.
std::vector<MethodResult> reference_rows(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts);
/// Whether that is the name of a reference row.
bool is_reference_row(const std::string& name);

struct Comparison {
  struct Row {
    std::string method;
    std::vector<std::optional<MetricScore>> tasks;  ///< the first metric of each; none where the method left it out
    MetricScore mean;                               ///< over the tasks that it has
    /// Of the mean to the reference's over the same tasks; none for the reference itself, and where that lacks one.
    std::optional<Difference> difference;
    bool uses_labels = false;
    bool within_own_expert = false;  ///< its only task is its own: the row "own-expert" has the same number
  };
  std::vector<std::string> tasks;  ///< names
  std::string reference;           ///< the method that differences refer to
  std::vector<Row> rows;
  std::vector<PairTest> tests;  ///< of every other method against the reference; then of other pairs, where asked for
};

/// The scores of `methods`, each on some of `tasks`; differences to the method called `reference`, which must be among
/// them, are resampled in pairs. `all_pairs`: every method is tested against every one before it, too.
Comparison compare(const std::vector<Task>& tasks, const std::vector<MethodResult>& methods,
                   const std::string& reference, bool all_pairs = false);

/// comparison.json: the same numbers unrounded, the intervals of every task's score, and the tests.
Json comparison_json(const Comparison& comparison);
/// The way back, but for within_own_expert and tests; tasks in the order in which methods name them. What is not the
/// JSON of a comparison: bad_data at `where`.
Comparison comparison_of(const Json& json);

}  // namespace phatgoose
