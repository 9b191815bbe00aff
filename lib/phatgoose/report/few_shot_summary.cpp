#include "phatgoose/report/few_shot_summary.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <numeric>
#include <utility>

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

Json shots_json(std::optional<std::int64_t> shots) { return shots ? Json(*shots) : Json("all"); }

Json score_json(const FewShotScore& score, std::optional<std::int64_t> shots) {
  return {{"shots", shots_json(shots)}, {"mean", score.mean}, {"deviation", score.deviation}, {"runs", score.runs}};
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
  if (summary.tasks.size() == 1) return table;
  table.add_rule();
  add("mean", std::nullopt);
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
      }
      scores.push_back(std::move(score));
    }
    tasks.push_back({{"task", task}, {"scores", std::move(scores)}});
  }
  for (const auto& shots : summary.shots) mean.push_back(score_json(summary.score(std::nullopt, shots), shots));
  return {{"tasks", std::move(tasks)}, {"mean", std::move(mean)}};
}

}  // namespace phatgoose
