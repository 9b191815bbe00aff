#include "phatgoose/scoring/metric.h"

#include <algorithm>
#include <map>

#include "phatgoose/base/error.h"
#include "phatgoose/scoring/bleu.h"
#include "phatgoose/scoring/judge.h"
#include "phatgoose/scoring/text_metrics.h"

namespace phatgoose {
namespace {

/// A metric that is the mean of a value in [0, 1] of every row.
Metric mean_metric(std::string name, std::function<double(const Sample&)> value) {
  const auto statistics = [value = std::move(value)](const Sample& sample) {
    return Statistics{100 * value(sample), 1};
  };
  return {std::move(name), 2, statistics, mean_of};
}

using TextMetric = double (*)(std::string_view, std::span<const std::string>);

double normalised(std::string_view output, std::span<const std::string> answers) {
  return normalised_match(output, answers) ? 1 : 0;
}

const std::map<std::string, TextMetric> kTextMetrics = {{"normalised_match", normalised},
                                                        {"squad_em", normalised},
                                                        {"squad_f1", squad_f1},
                                                        {"rouge_1", rouge_1},
                                                        {"rouge_2", rouge_2},
                                                        {"rouge_l", rouge_l}};

Metric generation_metric(const std::string& name) {
  if (name == "exact_match") return mean_metric(name, [](const Sample& sample) -> double { return sample.correct; });
  if (name == "bleu") {
    return {name, kBleuStatistics,
            [](const Sample& sample) { return bleu_statistics(sample.output, sample.answers()); }, bleu_score};
  }
  const auto found = kTextMetrics.find(name);
  if (found == kTextMetrics.end()) refuse_here("metric \"" + name + "\"", "one that this version knows");
  return mean_metric(name, [metric = found->second](const Sample& sample) {
    // of ids it is known only whether they are the right ones
    return sample.has_ids() ? static_cast<double>(sample.correct) : metric(sample.output, sample.answers());
  });
}

std::vector<Metric> rank_metrics(const Task& task) {
  const bool other_rule = !task.length_normalise;
  return {mean_metric("accuracy", [](const Sample& sample) -> double { return sample.correct; }),
          mean_metric(other_rule ? "accuracy_by_mean" : "accuracy_by_sum",
                      [other_rule](const Sample& sample) -> double { return chooses_right(sample, other_rule); })};
}

}  // namespace

std::vector<Metric> metrics_of(const Task& task) {
  if (task.kind == TaskKind::rank_classification) return rank_metrics(task);
  const bool has_squad = std::ranges::find(task.metrics, "squad_em") != task.metrics.end();
  std::vector<Metric> metrics;
  for (const std::string& name : task.metrics) {
    metrics.push_back(in("task " + task.name, [&] { return generation_metric(name); }));
    if (name == "exact_match" && !has_squad) metrics.push_back(generation_metric("normalised_match"));
  }
  return metrics;
}

void check_fits(const Sample& sample, const Task& task) {
  if (sample.has_choices() != (task.kind == TaskKind::rank_classification)) {
    refuse(sample.place(), sample.has_choices() ? "scores of choices" : "a generated text",
           "a sample of a task of kind " + to_string(task.kind));
  }
  if (sample.has_choices() || !sample.has_ids()) return;
  for (const std::string& metric : task.metrics) {
    if (metric == "exact_match") continue;
    refuse(sample.place(), "token ids with the metric " + metric,
           "text; rows of ids can only be scored by exact_match");
  }
}

}  // namespace phatgoose
