#include "phatgoose/eval/explanation.h"

#include <algorithm>
#include <map>

namespace phatgoose {
namespace {

/// Sums of weights by expert, over the (linear, token) pairs that were routed.
class WeightSums {
 public:
  void add(const ExpertWeights& experts) {
    for (const ExpertWeight& one : experts) sums_[one.expert] += one.weight;
    ++count_;
  }

  ExpertWeights means() const {
    ExpertWeights means;
    for (const auto& [expert, sum] : sums_) {
      if (sum > 0) means.push_back({expert, sum / static_cast<double>(count_)});
    }
    std::ranges::stable_sort(means, std::ranges::greater(), &ExpertWeight::weight);
    return means;
  }

 private:
  std::map<std::int32_t, double> sums_;
  std::int64_t count_ = 0;
};

}  // namespace

bool is_below(const std::string& path, const std::string& module) {
  return module.empty() || path == module || path.starts_with(module + ".");
}

Explanation explain_row(const TokenTrace& trace, std::int64_t row, std::span<const LinearGroup* const> groups,
                        const std::string& module, TokenIds input, TokenIds answer) {
  Explanation explanation{.experts = {}, .input = {}, .answer = {}};
  explanation.input.ids = std::move(input);
  explanation.answer.ids = std::move(answer);
  WeightSums all;
  std::vector<WeightSums> of_input(explanation.input.ids.size()), of_answer(explanation.answer.ids.size());
  std::int64_t number = 0;
  for (const auto& group : groups) {
    const bool on_input = group->spec().on_encoder_tokens;
    std::vector<WeightSums>& sums = on_input ? of_input : of_answer;
    for (const LinearSpec& linear : group->spec().linears) {
      std::vector<ExpertWeights> tokens = trace.row(number++, row);
      if (tokens.empty() || !is_below(linear.path, module)) continue;
      for (std::size_t t = 0; t < tokens.size(); ++t) {
        sums[t].add(tokens[t]);
        all.add(tokens[t]);
      }
      (on_input ? explanation.input : explanation.answer).linears.emplace_back(linear.path, std::move(tokens));
    }
  }
  explanation.experts = all.means();
  for (const WeightSums& sums : of_input) explanation.input.means.push_back(sums.means());
  for (const WeightSums& sums : of_answer) explanation.answer.means.push_back(sums.means());
  return explanation;
}

}  // namespace phatgoose
