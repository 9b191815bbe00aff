// Metrics of one generated text against its right answers (METHODS: scoring). All lie in [0, 1]; with several right
// answers the best one counts.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace phatgoose {

/// Equal after strip, case kept.
bool exact_match(std::string_view output, std::span<const std::string> targets);

/// Equal after squad_normalise: the exact match of the SQuAD v1.1 evaluation script.
bool normalised_match(std::string_view output, std::span<const std::string> targets);

/// F-measures with the numbers of the `rouge_score` package, use_stemmer=False: lower case, runs of ASCII letters and
/// digits are the tokens. Of ROUGE-1 and ROUGE-2 over n-grams that are shared, of ROUGE-L over the longest common
/// subsequence.
double rouge_1(std::string_view output, std::span<const std::string> targets);
double rouge_2(std::string_view output, std::span<const std::string> targets);
double rouge_l(std::string_view output, std::span<const std::string> targets);

/// Token F1 of the SQuAD v1.1 evaluation script.
double squad_f1(std::string_view output, std::span<const std::string> targets);

/// What the SQuAD script compares: lower case, without ASCII punctuation and the articles a, an, the, words joined by
/// one space.
std::string squad_normalise(std::string_view text);

}  // namespace phatgoose
