// What few-shot adaptation amounts to over tasks, samples and seeds: summary.json and its table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/report/table.h"
#include "phatgoose/scoring/bootstrap.h"

namespace phatgoose {

/// One model that was adapted and scored.
struct FewShotRun {
  std::string task;
  std::optional<std::int64_t> shots;  ///< none: all
  std::int64_t sample = 0, seed = 0;
  double score = 0;                      ///< per cent, the task's first metric
  std::optional<double> reference = {};  ///< score of the same run of what it is compared with
};

/// Mean and standard deviation over runs; with one run the deviation is 0.
struct FewShotScore {
  double mean = 0, deviation = 0;
  std::int64_t runs = 0;
};

/// Average relative gain (arXiv 2205.12701): the mean over tasks of (ours - reference) / reference, per cent.
struct RelativeGain {
  double mean = 0;
  std::vector<double> of_tasks = {};
  std::optional<Interval> interval = {};  ///< 95 %, bootstrap over tasks; none with a single one
};

struct FewShotSummary {
  std::vector<std::string> tasks;
  std::vector<std::optional<std::int64_t>> shots;
  std::vector<FewShotRun> runs;

  /// Of a task over its runs; without a task, of the means over all tasks, each of one sample and seed.
  FewShotScore score(const std::optional<std::string>& task, std::optional<std::int64_t> number_of_shots) const;
  bool has_reference() const { return !runs.empty() && runs.front().reference.has_value(); }
  /// Of what every task has in the mean over its runs. All runs must have a reference. A reference of 0: bad_data.
  RelativeGain gain(std::optional<std::int64_t> number_of_shots) const;
};

/// "5 shots", "all rows"
std::string shots_text(std::optional<std::int64_t> shots);

/// A row for each task and one for their mean; a column for each number of shots, "61.3 +- 2.1". With a reference a row
/// of gains, "+4.0 [1.1, 6.9]".
Table few_shot_table(const FewShotSummary& summary);
Json few_shot_json(const FewShotSummary& summary);

}  // namespace phatgoose
