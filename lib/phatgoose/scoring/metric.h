// The metrics of a task (METHODS: scoring), each as statistics of rows that are summed. All are percentages, 0 to 100.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "phatgoose/data/suite.h"
#include "phatgoose/scoring/bootstrap.h"
#include "phatgoose/scoring/sample.h"

namespace phatgoose {

struct Metric {
  std::string name;
  std::size_t width;                                    ///< of its statistics
  std::function<Statistics(const Sample&)> statistics;  ///< of a sample that was judged
  ScoreOf score_of;
};

/// What a task reports; the first is its score. Rank classification: accuracy by the task's rule, then by the other one
/// (accuracy_by_sum or accuracy_by_mean, of log-likelihoods). Generation: the task's metrics, and after exact_match
/// normalised_match, which is the number that squad_em has, unless the task has that. One that is not known: bad_data.
std::vector<Metric> metrics_of(const Task& task);

/// Refuses (bad_data) a sample that the task's metrics cannot score: ids are compared, there is no text to measure; and
/// one of the other kind of task.
void check_fits(const Sample& sample, const Task& task);

}  // namespace phatgoose
