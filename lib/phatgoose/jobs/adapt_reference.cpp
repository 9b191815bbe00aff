#include "phatgoose/jobs/adapt_reference.h"

#include <array>

#include "phatgoose/base/error.h"
#include "phatgoose/report/few_shot_summary.h"
#include "phatgoose/report/results.h"
#include "phatgoose/report/results_directory.h"
#include "phatgoose/scoring/metric.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

/// What two runs must have in common to be compared; the draw is a function of these and of what the path says.
constexpr std::array kSameRows = {"data", "valid", "valid-shots", "scored_on"};

double score_of(const AdaptPlan& plan, const AdaptRun& run, const fs::path& directory) {
  const fs::path results = directory / plan.place(run) / "results";
  if (!read_finished(results, kResultsKind)) {
    refuse(results, "no results", "those of another adapt",
           "run adapt for the reference with the same --tasks, --shots, --samples, --seeds and --seed");
  }
  const Results found = read_results(results / kResultsFile);
  const Json had = found.json.at("settings"), record = plan.results_record(run);
  for (const char* key : kSameRows) {
    if (had.value(key, Json()) == record.at(key)) continue;
    refuse(results, std::string("another value of \"") + key + "\"", "the rows that are adapted to and scored here");
  }
  const std::string was = metrics_of(found.suite.tasks.front()).front().name;
  const std::string is = metrics_of(plan.suite->tasks[run.task]).front().name;
  if (was != is) refuse(results, "scores by " + was, is + ", as the suite says here");
  return found.scores.mean.score;
}

}  // namespace

std::vector<double> reference_scores(const AdaptPlan& plan, const fs::path& directory) {
  std::vector<double> scores;
  FewShotSummary summary{.tasks = {}, .shots = plan.settings.shot_counts(), .runs = {}};
  for (const AdaptTask& task : plan.tasks) summary.tasks.push_back(task.rows.task);
  for (const AdaptRun& run : plan.runs) {
    scores.push_back(score_of(plan, run, directory));
    summary.runs.push_back({plan.task_name(run), run.shots, run.sample, run.seed, scores.back(), scores.back()});
  }
  for (const auto& shots : summary.shots) summary.gain(shots);  // refuses a score of 0 before anything is trained
  return scores;
}

}  // namespace phatgoose
