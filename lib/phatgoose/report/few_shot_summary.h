// What few-shot adaptation amounts to over tasks, samples and seeds: summary.json and its table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/report/table.h"

namespace phatgoose {

/// One model that was adapted and scored.
struct FewShotRun {
  std::string task;
  std::optional<std::int64_t> shots;  ///< none: all
  std::int64_t sample = 0, seed = 0;
  double score = 0;  ///< per cent, the task's first metric
};

/// Mean and standard deviation over runs; with one run the deviation is 0.
struct FewShotScore {
  double mean = 0, deviation = 0;
  std::int64_t runs = 0;
};

struct FewShotSummary {
  std::vector<std::string> tasks;
  std::vector<std::optional<std::int64_t>> shots;
  std::vector<FewShotRun> runs;

  /// Of a task over its runs; without a task, of the means over all tasks, each of one sample and seed.
  FewShotScore score(const std::optional<std::string>& task, std::optional<std::int64_t> number_of_shots) const;
};

/// "5 shots", "all rows"
std::string shots_text(std::optional<std::int64_t> shots);

/// A row for each task and one for their mean; a column for each number of shots, "61.3 +- 2.1".
Table few_shot_table(const FewShotSummary& summary);
Json few_shot_json(const FewShotSummary& summary);

}  // namespace phatgoose
