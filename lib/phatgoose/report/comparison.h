// Several methods on one suite, side by side (METHODS 4 and 9).
#pragma once

#include <string>
#include <vector>

#include "phatgoose/data/suite.h"
#include "phatgoose/scoring/sample.h"
#include "phatgoose/scoring/score.h"

namespace phatgoose {

struct MethodResult {
  std::string name;
  std::vector<Sample> samples;  ///< all rows of all tasks
  SuiteScore scores;
  bool uses_labels = false;  ///< a reference row, which a deployment could not have
};

/// Two reference rows from the results of single experts: "best-individual", the expert with the best mean over tasks,
/// and "oracle", per task the expert with the best score on it. Ties: the earlier expert. Both use labels.
std::vector<MethodResult> reference_rows(const std::vector<Task>& tasks, const std::vector<MethodResult>& experts);

/// A line for each method, a column for each task; then the mean over tasks with its 95 % interval, and the difference
/// of the mean to the method called `reference` with its interval, resampled in pairs.
std::string comparison_table(const std::vector<Task>& tasks, const std::vector<MethodResult>& methods,
                             const std::string& reference);

}  // namespace phatgoose
