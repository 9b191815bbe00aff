#include "phatgoose/scoring/score.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <tuple>

#include "phatgoose/base/error.h"
#include "phatgoose/scoring/bleu.h"
#include "phatgoose/scoring/text_metrics.h"

namespace phatgoose {
namespace {

/// A metric as sufficient statistics of a row and the score that their sums give.
struct MetricRule {
  std::string name;
  std::function<Statistics(const Sample&)> statistics;
  ScoreOf score_of;
};

/// A metric that is the mean of a value in [0, 1] of every row.
MetricRule mean_rule(std::string name, std::function<double(const Sample&)> value) {
  const auto statistics = [value = std::move(value)](const Sample& sample) {
    return Statistics{100 * value(sample), 1};
  };
  return {std::move(name), statistics, mean_of};
}

MetricRule rule_of(const std::string& metric) {
  if (metric == "normalised_match") {
    return mean_rule(metric, [](const Sample& sample) -> double {
      return sample.has_ids() ? sample.correct : normalised_match(sample.output, sample.answers());
    });
  }
  if (metric == "rouge_l") {
    return mean_rule(metric, [](const Sample& sample) { return rouge_l(sample.output, sample.answers()); });
  }
  if (metric == "squad_f1") {
    return mean_rule(metric, [](const Sample& sample) { return squad_f1(sample.output, sample.answers()); });
  }
  if (metric == "bleu") {
    return {metric, [](const Sample& sample) { return bleu_statistics(sample.output, sample.answers()); }, bleu_score};
  }
  return mean_rule(metric, [](const Sample& sample) -> double { return sample.correct; });  // accuracy, exact_match
}

std::vector<MetricRule> rules_of(const Task& task) {
  if (task.kind == TaskKind::rank_classification) return {rule_of("accuracy")};
  std::vector<MetricRule> rules;
  for (const std::string& metric : task.metrics) {
    rules.push_back(rule_of(metric));
    if (metric == "exact_match") rules.push_back(rule_of("normalised_match"));
  }
  return rules;
}

/// Without the EOS that an id row's target may or may not end with.
std::span<const TokenId> without_eos(const TokenIds& ids) {
  const std::span<const TokenId> all(ids);
  return !ids.empty() && ids.back() == kEosId ? all.first(all.size() - 1) : all;
}

std::string place_of(const Sample& sample) { return "task " + sample.task + ", row " + std::to_string(sample.row); }

/// Rows of ids have no text to compare.
void check_metrics(const Task& task, const Sample& sample) {
  if (!sample.has_ids() || task.kind == TaskKind::rank_classification) return;
  for (const std::string& metric : task.metrics) {
    if (metric == "exact_match") continue;
    refuse(place_of(sample), "token ids with the metric " + metric,
           "text; rows of ids can only be scored by exact_match");
  }
}

std::vector<TemplateScore> score_templates(const MetricRule& rule, const std::vector<const Sample*>& samples) {
  std::map<std::string, std::pair<std::int64_t, ClusteredRows>> by_template;
  for (const Sample* sample : samples) {
    auto& [rows, statistics] = by_template[sample->template_name];
    ++rows;
    statistics.add(sample->id, rule.statistics(*sample));
  }
  std::vector<TemplateScore> scores;
  for (const auto& [name, entry] : by_template)
    scores.push_back({name, entry.first, entry.second.score(rule.score_of)});
  return scores;
}

struct ResampledTask {
  TaskScore score;
  std::vector<double> resampled;  ///< of the first metric
};

ResampledTask score_task(const Task& task, const std::vector<const Sample*>& samples) {
  ResampledTask result;
  result.score.task = task.name;
  result.score.rows = static_cast<std::int64_t>(samples.size());
  for (const MetricRule& rule : rules_of(task)) {
    ClusteredRows rows;
    for (const Sample* sample : samples) rows.add(sample->id, rule.statistics(*sample));
    std::vector<double> resampled = rows.resampled_scores(task.name, rule.score_of);
    result.score.metrics.push_back({rule.name, rows.score(rule.score_of), interval_of(resampled)});
    result.score.examples = static_cast<std::int64_t>(rows.examples());
    if (result.score.metrics.size() == 1) {
      result.resampled = std::move(resampled);
      result.score.templates = score_templates(rule, samples);
    }
  }
  return result;
}

std::map<std::string, std::vector<const Sample*>> by_task(const std::vector<Task>& tasks,
                                                          const std::vector<Sample>& samples) {
  std::map<std::string, std::vector<const Sample*>> groups;
  for (const Task& task : tasks) groups[task.name];
  for (const Sample& sample : samples) {
    const auto group = groups.find(sample.task);
    if (group == groups.end()) {
      refuse(place_of(sample), "a task that the suite lacks", "one of its tasks");
    }
    group->second.push_back(&sample);
  }
  for (auto& [name, group] : groups) {
    if (group.empty()) {
      refuse("task " + name, "no predictions", "at least one row");
    }
    std::stable_sort(group.begin(), group.end(), [](const Sample* a, const Sample* b) { return a->row < b->row; });
  }
  return groups;
}

std::vector<ResampledTask> score_tasks(const std::vector<Task>& tasks, std::vector<Sample>& samples) {
  const auto groups = by_task(tasks, samples);
  std::map<std::string, const Task*> task_named;
  for (const Task& task : tasks) task_named[task.name] = &task;
  for (Sample& sample : samples) {
    check_metrics(*task_named[sample.task], sample);
    judge(sample, task_named[sample.task]->length_normalise);
  }
  std::vector<ResampledTask> results;
  for (const Task& task : tasks) results.push_back(score_task(task, groups.at(task.name)));
  return results;
}

/// Mean over tasks of the score and of every resample.
std::pair<double, std::vector<double>> mean_over_tasks(const std::vector<ResampledTask>& tasks) {
  const auto count = static_cast<double>(tasks.size());
  double score = 0;
  std::vector<double> resampled(kResamples, 0);
  for (const ResampledTask& task : tasks) {
    score += task.score.metrics.front().score / count;
    for (std::size_t i = 0; i < resampled.size(); ++i) resampled[i] += task.resampled[i] / count;
  }
  return {score, resampled};
}

/// Both must have predicted the same rows: only then are their resamples pairs.
void check_same_rows(const std::vector<Sample>& ours, const std::vector<Sample>& reference) {
  const auto keys = [](const std::vector<Sample>& samples) {
    std::vector<std::tuple<std::string, std::int64_t, std::string>> all;
    for (const Sample& sample : samples) all.emplace_back(sample.task, sample.row, sample.id);
    std::sort(all.begin(), all.end());
    return all;
  };
  if (keys(ours) == keys(reference)) return;
  refuse("two results", "predictions for different rows", "the same tasks, rows and ids in both");
}

}  // namespace

std::int64_t best_choice(std::span<const double> log_likelihoods, std::span<const std::int64_t> num_tokens,
                         bool length_normalise, const std::string& where) {
  std::int64_t best = 0;
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < log_likelihoods.size(); ++i) {
    const double sum = log_likelihoods[i];
    if (!std::isfinite(sum)) {
      fail(ExitCode::diverged, {.where = where,
                                .found = "log-likelihood " + std::to_string(sum),
                                .expected = "a finite number",
                                .hint = "the model or an expert computes NaN or infinity"});
    }
    const double score = length_normalise ? sum / static_cast<double>(num_tokens[i]) : sum;
    if (score <= highest) continue;
    highest = score;
    best = static_cast<std::int64_t>(i);
  }
  return best;
}

void judge(Sample& sample, bool length_normalise) {
  if (!sample.has_choices()) {
    sample.correct = sample.has_ids()
                         ? std::ranges::equal(without_eos(sample.output_ids), without_eos(sample.target_ids))
                         : exact_match(sample.output, sample.answers());
    return;
  }
  sample.prediction = best_choice(sample.log_likelihoods, sample.num_tokens, length_normalise, place_of(sample));
  sample.correct = std::ranges::find(sample.right, sample.prediction) != sample.right.end();
}

SuiteScore score_suite(const std::vector<Task>& tasks, std::vector<Sample>& samples) {
  std::vector<ResampledTask> results = score_tasks(tasks, samples);
  const auto [score, resampled] = mean_over_tasks(results);
  SuiteScore suite{.tasks = {}, .mean = {"mean", score, interval_of(resampled)}};
  for (ResampledTask& result : results) suite.tasks.push_back(std::move(result.score));
  return suite;
}

MetricScore paired_difference(const std::vector<Task>& tasks, std::vector<Sample> ours, std::vector<Sample> reference) {
  check_same_rows(ours, reference);
  const auto [our_score, our_resamples] = mean_over_tasks(score_tasks(tasks, ours));
  const auto [reference_score, reference_resamples] = mean_over_tasks(score_tasks(tasks, reference));
  std::vector<double> differences(our_resamples.size());
  std::transform(our_resamples.begin(), our_resamples.end(), reference_resamples.begin(), differences.begin(),
                 std::minus<>());
  return {"difference", our_score - reference_score, interval_of(std::move(differences))};
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
