#include "phatgoose/scoring/score.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

double plain_mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// A score of all rows, and its interval from those of resamples; NaN stands for a resample that has none.
MetricScore with_interval(std::string metric, double score, std::vector<double> resampled) {
  std::erase_if(resampled, [](double value) { return std::isnan(value); });
  return {std::move(metric), score, interval_of(std::move(resampled))};
}

/// The scores of several templates of a task over all rows, and over one resample after the other.
class TemplateScores {
 public:
  explicit TemplateScores(const TaskTally& tally)
      : tally_(tally), all_(scores(std::vector<std::int32_t>(tally.examples(), 1))), resampled_(all_.size()) {}

  void add(DrawCounts counts) {
    std::vector<double> drawn = scores(counts);
    for (std::size_t i = 0; i < drawn.size(); ++i) resampled_[i].push_back(drawn[i]);
    std::erase_if(drawn, [](double score) { return std::isnan(score); });
    means_.push_back(plain_mean(drawn));
    medians_.push_back(median_of(std::move(drawn)));
  }

  void put_into(TaskScore& score) const {
    const TemplateSums& templates = tally_.templates();
    const std::vector<std::int64_t> rows = templates.rows(), examples = templates.examples();
    for (const auto& [name, i] : templates.numbers()) {
      score.templates.push_back({name, rows[i], examples[i], with_interval(metric(), all_[i], resampled_[i])});
    }
    score.over_templates = {.median = with_interval("median", median_of(all_), medians_),
                            .mean = with_interval("mean", plain_mean(all_), means_)};
  }

 private:
  const std::string& metric() const { return tally_.metrics().front().name; }
  std::vector<double> scores(DrawCounts counts) const {
    return tally_.templates().scores(counts, tally_.metrics().front().score_of);
  }

  const TaskTally& tally_;
  std::vector<double> all_;
  std::vector<std::vector<double>> resampled_;  // of each template
  std::vector<double> medians_, means_;         // of each resample
};

}  // namespace

TaskScore score_task(const TaskTally& tally) {
  const std::vector<Metric>& metrics = tally.metrics();
  std::vector<std::vector<double>> resampled(metrics.size());
  std::optional<TemplateScores> templates;
  if (tally.templates().numbers().size() > 1) templates.emplace(tally);
  ExampleDraws draws(tally.task().name, tally.examples());
  for (int i = 0; i < kResamples; ++i) {
    const DrawCounts counts = draws.next();
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      resampled[m].push_back(metrics[m].score_of(tally.sums()[m].total(counts)));
    }
    if (templates) templates->add(counts);
  }
  TaskScore score{.task = tally.task().name,
                  .metrics = {},
                  .rows = tally.rows(),
                  .examples = static_cast<std::int64_t>(tally.examples()),
                  .templates = {}};
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    const double all = metrics[m].score_of(tally.sums()[m].total());
    score.metrics.push_back(with_interval(metrics[m].name, all, resampled[m]));
  }
  if (templates) {
    templates->put_into(score);
  } else {
    const std::string& only = tally.templates().numbers().begin()->first;
    score.templates = {{only, score.rows, score.examples, score.metrics.front()}};
  }
  score.resampled = std::move(resampled.front());
  return score;
}

SuiteScore score_suite(std::vector<TaskScore> tasks) {
  const auto count = static_cast<double>(tasks.size());
  double score = 0;
  std::vector<double> resampled(kResamples, 0);
  for (const TaskScore& task : tasks) {
    score += task.metrics.front().score / count;
    for (std::size_t i = 0; i < resampled.size(); ++i) resampled[i] += task.resampled[i] / count;
  }
  return {.tasks = std::move(tasks), .mean = {"mean", score, interval_of(std::move(resampled))}};
}

SuiteScore score_suite(const Tallies& tallies) {
  std::vector<TaskScore> tasks;
  for (const auto& tally : tallies) tasks.push_back(score_task(*tally));
  return score_suite(std::move(tasks));
}

void to_json(Json& json, const Interval& interval) { json = {interval.low, interval.high}; }
void to_json(Json& json, const MetricScore& score) { json = {{"score", score.score}, {"interval", score.interval}}; }

MetricScore read_score(const Json& json, const std::string& metric) {
  const auto score = json_get<double>(json, "score");
  const auto bounds = json_get<std::vector<double>>(json, "interval");
  if (bounds.size() != 2) refuse_here("\"interval\" of " + std::to_string(bounds.size()) + " numbers", "two");
  return {json_get_or<std::string>(json, "metric", metric), score, {bounds[0], bounds[1]}};
}

}  // namespace phatgoose
