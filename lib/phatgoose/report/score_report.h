// What `phatgoose score` prints.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/report/comparison.h"
#include "phatgoose/report/table_formats.h"

namespace phatgoose {

struct ScoreReport {
  std::vector<MethodResult> methods;
  Comparison comparison;  ///< of these
  bool all_metrics = false, templates = false;
  std::string note = {};  ///< a line for below the first table; may be empty
};

/// The mean over a method's tasks of one mixture (Task::mixture).
struct MixtureMean {
  std::string mixture;
  std::int64_t tasks = 0;
  MetricScore mean;
};
/// In order of first appearance; none where no task names a mixture.
std::vector<MixtureMean> mixture_means(const MethodResult& method);

/// For people: the table that `eval` prints; of several methods then that of the tests, and that of mixtures; where
/// they are asked for, every metric and every template. CSV: score_rows().
std::string report_text(const ScoreReport& report, TableFormat format);

/// comparison.json, with "mixtures" of methods that have some, and "metrics" and "templates" of every task where they
/// are asked for.
Json report_json(const ScoreReport& report);

/// All numbers unrounded, a line for each method and task and what lies below: template, metric, tested pair.
Table score_rows(const ScoreReport& report);

}  // namespace phatgoose
