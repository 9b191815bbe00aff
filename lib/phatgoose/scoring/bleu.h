// Corpus BLEU with the numbers of `sacrebleu`: 13a tokenisation, case kept, exponential smoothing (Papineni et al.
// 2002; Chen and Cherry 2014, method 3).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace phatgoose {

/// Sufficient statistics of one output; those of a corpus are their sums.
struct BleuStatistics {
  static constexpr std::size_t kOrders = 4;

  double output_length = 0, reference_length = 0;   ///< in tokens; the reference closest in length counts
  std::array<double, kOrders> matches{}, totals{};  ///< n-grams of order 1 ... 4

  BleuStatistics& operator+=(const BleuStatistics& other);
};

BleuStatistics bleu_statistics(std::string_view output, std::span<const std::string> references);

/// In [0, 100].
double bleu_score(const BleuStatistics& corpus);

/// The 13a tokens of a text.
std::vector<std::string> tokenize_13a(std::string_view text);

}  // namespace phatgoose
