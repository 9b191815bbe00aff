#include "phatgoose/scoring/judge.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "phatgoose/base/error.h"
#include "phatgoose/scoring/text_metrics.h"

namespace phatgoose {
namespace {

/// Without the EOS that an id row's target may or may not end with.
std::span<const TokenId> without_eos(const TokenIds& ids) {
  const std::span<const TokenId> all(ids);
  return !ids.empty() && ids.back() == kEosId ? all.first(all.size() - 1) : all;
}

std::int64_t best_choice_of(const Sample& sample, bool length_normalise) {
  return best_choice(sample.log_likelihoods, sample.num_tokens, length_normalise, sample.place());
}

bool is_right(const Sample& sample, std::int64_t choice) {
  return std::ranges::find(sample.right, choice) != sample.right.end();
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

bool chooses_right(const Sample& sample, bool length_normalise) {
  return is_right(sample, best_choice_of(sample, length_normalise));
}

void judge(Sample& sample, bool length_normalise) {
  if (!sample.has_choices()) {
    sample.correct = sample.has_ids()
                         ? std::ranges::equal(without_eos(sample.output_ids), without_eos(sample.target_ids))
                         : exact_match(sample.output, sample.answers());
    return;
  }
  sample.prediction = best_choice_of(sample, length_normalise);
  sample.correct = is_right(sample, sample.prediction);
}

}  // namespace phatgoose
