#include "phatgoose/report/few_shot_summary.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

/// Both over a sample: the deviation divides by n - 1.
FewShotScore score_of(const std::vector<double>& scores) {
  const auto count = static_cast<double>(scores.size());
  FewShotScore result{.runs = std::ssize(scores)};
  if (scores.empty()) return result;
  result.mean = std::reduce(scores.begin(), scores.end()) / count;
  double squares = 0;
  for (const double score : scores) squares += (score - result.mean) * (score - result.mean);
  if (scores.size() > 1) result.deviation = std::sqrt(squares / (count - 1));
  return result;
}

std::string cell(const FewShotScore& score) {
  if (score.runs == 0) return "-";
  return score.runs == 1 ? fmt::format("{:.1f}", score.mean)
                         : fmt::format("{:.1f} +- {:.1f}", score.mean, score.deviation);
}

std::string cell(const RelativeGain& gain) {
  if (!gain.interval) return fmt::format("{:+.1f}", gain.mean);
  return fmt::format("{:+.1f} [{:.1f}, {:.1f}]", gain.mean, gain.interval->low, gain.interval->high);
}

Json shots_json(std::optional<std::int64_t> shots) { return shots ? Json(*shots) : Json("all"); }

Json score_json(const FewShotScore& score, std::optional<std::int64_t> shots) {
  return {{"shots", shots_json(shots)}, {"mean", score.mean}, {"deviation", score.deviation}, {"runs", score.runs}};
}

Json gain_json(const RelativeGain& gain, const std::vector<std::string>& tasks, std::optional<std::int64_t> shots) {
  Json of_tasks = Json::object();
  for (std::size_t i = 0; i < tasks.size(); ++i) of_tasks[tasks[i]] = gain.of_tasks[i];
  const Json interval = gain.interval ? Json{gain.interval->low, gain.interval->high} : Json(nullptr);
  return {{"shots", shots_json(shots)}, {"mean", gain.mean}, {"interval", interval}, {"tasks", std::move(of_tasks)}};
}

double mean_of_values(const std::vector<double>& values) {
  return std::reduce(values.begin(), values.end()) / static_cast<double>(values.size());
}

/// Of the mean, with the values drawn anew.
Interval interval_of_mean(const std::vector<double>& values) {
  ExampleDraws draws("tasks", values.size());
  std::vector<double> means;
  for (int i = 0; i < kResamples; ++i) {
    const DrawCounts counts = draws.next();
    means.push_back(std::inner_product(counts.begin(), counts.end(), values.begin(), 0.0) /
                    static_cast<double>(values.size()));
  }
  return interval_of(std::move(means));
}

}  // namespace

FewShotScore FewShotSummary::score(const std::optional<std::string>& task,
                                   std::optional<std::int64_t> number_of_shots) const {
  std::map<std::pair<std::int64_t, std::int64_t>, std::vector<double>> by_repetition;
  for (const FewShotRun& run : runs) {
    if (run.shots == number_of_shots && (!task || run.task == *task)) {
      by_repetition[{run.sample, run.seed}].push_back(run.score);
    }
  }
  std::vector<double> means;
  for (const auto& [repetition, scores] : by_repetition) means.push_back(score_of(scores).mean);
  return score_of(means);
}

RelativeGain FewShotSummary::gain(std::optional<std::int64_t> number_of_shots) const {
  RelativeGain gain;
  for (const std::string& task : tasks) {
    std::vector<double> ours, reference;
    for (const FewShotRun& run : runs) {
      if (run.task != task || run.shots != number_of_shots) continue;
      ours.push_back(run.score);
      reference.push_back(*run.reference);
    }
    const double base = mean_of_values(reference);
    if (base == 0) {
      refuse("--reference", "a score of 0 in task " + task, "a score above 0: gains are relative to it",
             "leave the task out with --tasks");
    }
    gain.of_tasks.push_back(100 * (mean_of_values(ours) - base) / base);
  }
  gain.mean = mean_of_values(gain.of_tasks);
  if (tasks.size() > 1) gain.interval = interval_of_mean(gain.of_tasks);
  return gain;
}

std::string shots_text(std::optional<std::int64_t> shots) {
  if (!shots) return "all rows";
  return fmt::format("{} shot{}", *shots, *shots == 1 ? "" : "s");
}

Table few_shot_table(const FewShotSummary& summary) {
  std::vector<std::string> header = {"task"};
  std::vector<std::size_t> right;
  for (const auto& shots : summary.shots) {
    right.push_back(header.size());
    header.push_back(shots_text(shots));
  }
  Table table(header, right);
  const auto add = [&](const std::string& name, const std::optional<std::string>& task) {
    std::vector<std::string> cells = {name};
    for (const auto& shots : summary.shots) cells.push_back(cell(summary.score(task, shots)));
    table.add(cells);
  };
  for (const std::string& task : summary.tasks) add(task, task);
  if (summary.tasks.size() > 1) {
    table.add_rule();
    add("mean", std::nullopt);
  }
  if (!summary.has_reference()) return table;
  std::vector<std::string> gains = {"relative gain"};
  for (const auto& shots : summary.shots) gains.push_back(cell(summary.gain(shots)));
  table.add(gains);
  return table;
}

Json few_shot_json(const FewShotSummary& summary) {
  Json tasks = Json::array(), mean = Json::array();
  for (const std::string& task : summary.tasks) {
    Json scores = Json::array();
    for (const auto& shots : summary.shots) {
      Json score = score_json(summary.score(task, shots), shots);
      score["scores"] = Json::array();
      for (const FewShotRun& run : summary.runs) {
        if (run.task != task || run.shots != shots) continue;
        score["scores"].push_back({{"sample", run.sample}, {"seed", run.seed}, {"score", run.score}});
        if (run.reference) score["scores"].back()["reference"] = *run.reference;
      }
      scores.push_back(std::move(score));
    }
    tasks.push_back({{"task", task}, {"scores", std::move(scores)}});
  }
  for (const auto& shots : summary.shots) mean.push_back(score_json(summary.score(std::nullopt, shots), shots));
  Json json = {{"tasks", std::move(tasks)}, {"mean", std::move(mean)}};
  if (!summary.has_reference()) return json;
  for (const auto& shots : summary.shots) {
    json["relative_gain"].push_back(gain_json(summary.gain(shots), summary.tasks, shots));
  }
  return json;
}

}  // namespace phatgoose
