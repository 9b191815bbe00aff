// From predictions to scores (METHODS: scoring). All scores are percentages, 0 to 100.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/data/suite.h"
#include "phatgoose/scoring/bootstrap.h"
#include "phatgoose/scoring/sample.h"
#include "phatgoose/scoring/task_tally.h"

namespace phatgoose {

struct MetricScore {
  std::string metric;  ///< as metrics_of() names it, "mean" of a suite
  double score = 0;
  Interval interval;
};

/// In files: {"score": 61.3, "interval": [58.0, 64.5]}.
void to_json(Json& json, const Interval& interval);
void to_json(Json& json, const MetricScore& score);
/// The way back. `metric`: its name, where "metric" does not say it.
MetricScore read_score(const Json& json, const std::string& metric);

/// Of the task's first metric.
struct TemplateScore {
  std::string template_name;
  std::int64_t rows = 0, examples = 0;
  MetricScore score;
};

/// Over the scores of a task's templates, each of which counts the same.
struct OverTemplates {
  MetricScore median, mean;
};

struct TaskScore {
  std::string task;
  std::vector<MetricScore> metrics;  ///< the first is the task's score, over all rows
  std::int64_t rows = 0, examples = 0;
  std::vector<TemplateScore> templates;              ///< by name; rows without a template are counted under ""
  std::optional<OverTemplates> over_templates = {};  ///< where there are several
  std::vector<double> resampled = {};                ///< kResamples scores of the first metric; not in files
};

struct SuiteScore {
  std::vector<TaskScore> tasks;
  MetricScore mean;  ///< unweighted mean over tasks; its metric is "mean"
};

/// Every metric, template and interval of a task.
TaskScore score_task(const TaskTally& tally);
/// Those of several tasks, and their mean.
SuiteScore score_suite(std::vector<TaskScore> tasks);
SuiteScore score_suite(const Tallies& tallies);

}  // namespace phatgoose
