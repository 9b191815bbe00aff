// From predictions to scores (METHODS: scoring). All scores are percentages, 0 to 100.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/data/suite.h"
#include "phatgoose/scoring/bootstrap.h"
#include "phatgoose/scoring/sample.h"

namespace phatgoose {

struct MetricScore {
  std::string metric;  ///< accuracy, exact_match, normalised_match, rouge_l, squad_f1 or bleu
  double score = 0;
  Interval interval;
};

/// In files: {"score": 61.3, "interval": [58.0, 64.5]}.
void to_json(Json& json, const Interval& interval);
void to_json(Json& json, const MetricScore& score);
/// The way back. `metric`: its name, where "metric" does not say it.
MetricScore read_score(const Json& json, const std::string& metric);

struct TemplateScore {
  std::string template_name;
  std::int64_t rows = 0;
  double score = 0;  ///< of the task's first metric
};

struct TaskScore {
  std::string task;
  std::vector<MetricScore> metrics;  ///< the first is the task's score
  std::int64_t rows = 0, examples = 0;
  std::vector<TemplateScore> templates;  ///< by name; rows without a template are counted under ""
};

struct SuiteScore {
  std::vector<TaskScore> tasks;
  MetricScore mean;  ///< unweighted mean over tasks; its metric is "mean"
};

/// Index of the choice with the largest log-likelihood, per token when `length_normalise`; ties: the lowest (METHODS
/// 9). `log_likelihoods` are sums over `num_tokens` tokens each, and not empty. One that is not finite: diverged, at
/// `where`.
std::int64_t best_choice(std::span<const double> log_likelihoods, std::span<const std::int64_t> num_tokens,
                         bool length_normalise, const std::string& where);

/// Sets `prediction` (rank classification: best_choice()) and `correct`.
void judge(Sample& sample, bool length_normalise);

/// Judges the samples and scores them, task by task. Works from files alone: read_results() and read_samples() give
/// what it needs to compute the scores again. Samples of other tasks, or a task without samples: bad_data.
SuiteScore score_suite(const std::vector<Task>& tasks, std::vector<Sample>& samples);

/// The difference `ours - reference` of a suite's mean score, resampled in pairs. Both must hold the same tasks and
/// rows.
MetricScore paired_difference(const std::vector<Task>& tasks, std::vector<Sample> ours, std::vector<Sample> reference);

}  // namespace phatgoose
