#include "phatgoose/train/few_shot_terms.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace phatgoose {

namespace {

/// Added to 1 - p, so that the term stays finite where the model is sure of a wrong choice.
constexpr double kUnlikelihoodMargin = 0.01;

bool is_right(const Example& example, std::size_t answer) {
  return example.choices.empty() || static_cast<std::int64_t>(answer) == example.right;
}

/// softmax of `scores`, in their place; log sum exp of what they were.
double softmax(std::vector<double>& scores) {
  const double largest = *std::ranges::max_element(scores);
  for (double& score : scores) score = std::exp(score - largest);
  const double sum = std::accumulate(scores.begin(), scores.end(), 0.0);
  for (double& score : scores) score /= sum;
  return largest + std::log(sum);
}

/// One row's tokens: their log-likelihoods, and the derivatives that the terms add to.
struct RowTokens {
  const Example& example;
  const FewShotCounts& counts;
  std::span<const float> log_likelihoods;
  std::span<float> derivatives;

  /// Calls visit(number of the answer, place of its first token, its length) for every answer.
  template <typename Visit>
  void for_answers(Visit visit) const {
    std::size_t first = 0;
    for (std::size_t answer = 0; answer < example.answers().size(); ++answer) {
      const std::size_t length = example.answers()[answer].size();
      visit(answer, first, length);
      first += length;
    }
  }

  double language_model() const;
  double choice() const;
  double unlikelihood() const;
};

double RowTokens::language_model() const {
  const double weight = 1 / static_cast<double>(counts.right_tokens);
  double share = 0;
  for_answers([&](std::size_t answer, std::size_t first, std::size_t length) {
    if (!is_right(example, answer)) return;
    for (std::size_t i = first; i < first + length; ++i) {
      share -= weight * log_likelihoods[i];
      derivatives[i] -= static_cast<float>(weight);
    }
  });
  return share;
}

double RowTokens::choice() const {
  if (example.choices.empty()) return 0;
  const double weight = 1 / static_cast<double>(counts.choosing_rows);
  std::vector<double> scores;
  for_answers([&](std::size_t, std::size_t first, std::size_t length) {
    const std::span<const float> tokens = log_likelihoods.subspan(first, length);
    scores.push_back(std::accumulate(tokens.begin(), tokens.end(), 0.0) / static_cast<double>(length));
  });
  const double score_of_right = scores[static_cast<std::size_t>(example.right)];
  const double log_sum = softmax(scores);
  for_answers([&](std::size_t answer, std::size_t first, std::size_t length) {
    const double slope = weight * (scores[answer] - (is_right(example, answer) ? 1 : 0)) / static_cast<double>(length);
    for (float& derivative : derivatives.subspan(first, length)) derivative += static_cast<float>(slope);
  });
  return weight * (log_sum - score_of_right);
}

double RowTokens::unlikelihood() const {
  const double weight = 1 / static_cast<double>(counts.wrong_tokens);  // used where there is one
  double share = 0;
  for_answers([&](std::size_t answer, std::size_t first, std::size_t length) {
    if (is_right(example, answer)) return;
    for (std::size_t i = first; i < first + length; ++i) {
      const double p = std::exp(static_cast<double>(log_likelihoods[i]));
      const double rest = 1 - p + kUnlikelihoodMargin;
      share -= weight * std::log(rest);
      derivatives[i] += static_cast<float>(weight * p / rest);
    }
  });
  return share;
}

}  // namespace

FewShotCounts FewShotCounts::of(std::span<const Example> examples) {
  FewShotCounts counts;
  for (const Example& example : examples) {
    if (!example.choices.empty()) ++counts.choosing_rows;
    for (std::size_t answer = 0; answer < example.answers().size(); ++answer) {
      (is_right(example, answer) ? counts.right_tokens : counts.wrong_tokens) += std::ssize(example.answers()[answer]);
    }
  }
  return counts;
}

FewShotTerms few_shot_terms(const Example& example, const FewShotCounts& counts, std::span<const float> log_likelihoods,
                            std::span<float> derivatives) {
  std::ranges::fill(derivatives, 0.0F);
  const RowTokens tokens{example, counts, log_likelihoods, derivatives};
  return {.language_model = tokens.language_model(), .choice = tokens.choice(), .unlikelihood = tokens.unlikelihood()};
}

}  // namespace phatgoose
