// The three terms of the T-Few loss (Liu et al. 2022, arXiv 2205.05638; METHODS 2) as functions of the log-likelihoods
// of tokens, with their derivatives. All are means over a whole step, so that a row's share can be computed alone.
#pragma once

#include <cstdint>
#include <span>

#include "phatgoose/data/records.h"

namespace phatgoose {

/// What the means of a step are over.
struct FewShotCounts {
  std::int64_t right_tokens = 0;   ///< of all right choices, and of the targets of rows without choices
  std::int64_t choosing_rows = 0;  ///< rows that have choices
  std::int64_t wrong_tokens = 0;   ///< of all wrong choices

  static FewShotCounts of(std::span<const Example> examples);
};

/// The shares that rows have in the terms; added up over all rows of a step they are the terms.
struct FewShotTerms {
  double language_model = 0;  ///< mean of -log p over the tokens of the right choices
  double choice = 0;          ///< mean over rows of the cross-entropy of softmax_c(mean log-likelihood of choice c)
  double unlikelihood = 0;    ///< mean of -log(1 - p + 0.01) over the tokens of the wrong choices

  double sum() const { return language_model + choice + unlikelihood; }
};

/// One row's shares. `log_likelihoods`: log p of the tokens of example.answers(), one answer after the other, EOS
/// included. Their derivatives of the sum of the terms go to `derivatives`, which is as long. A row without choices has
/// a share in the language model's term only, by its target.
FewShotTerms few_shot_terms(const Example& example, const FewShotCounts& counts, std::span<const float> log_likelihoods,
                            std::span<float> derivatives);

}  // namespace phatgoose
