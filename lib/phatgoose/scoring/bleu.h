// Corpus BLEU with the numbers of `sacrebleu`: 13a tokenisation, case kept, exponential smoothing (Papineni et al.
// 2002; Chen and Cherry 2014, method 3).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/scoring/bootstrap.h"

namespace phatgoose {

constexpr std::size_t kBleuStatistics = 10;

/// The kBleuStatistics sufficient statistics of one output; those of a corpus are their sums. Its length and that of
/// the reference closest in length, in tokens; then the matches of n-grams of order 1 ... 4, and how many there are.
Statistics bleu_statistics(std::string_view output, std::span<const std::string> references);

/// In [0, 100].
double bleu_score(std::span<const double> corpus);

/// The 13a tokens of a text.
std::vector<std::string> tokenize_13a(std::string_view text);

}  // namespace phatgoose
