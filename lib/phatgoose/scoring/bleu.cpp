#include "phatgoose/scoring/bleu.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

constexpr std::size_t kOrders = 4;
constexpr std::size_t kMatches = 2, kTotals = kMatches + kOrders;  // places in the statistics
static_assert(kTotals + kOrders == kBleuStatistics);

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_stop(char c) { return c == '.' || c == ','; }

/// ASCII punctuation and space, except apostrophe, comma, hyphen and full stop.
bool is_symbol(char c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') ||
         (c >= ':' && c <= '@') || c == '/';
}

/// Rewrites every pair of neighbours for which `first` and `second` hold as before + pair[0] + between + pair[1] +
/// after; pairs do not overlap, as with a regular expression's substitution. Working on bytes is enough: the characters
/// told apart are ASCII.
template <typename First, typename Second>
std::string space_pairs(const std::string& text, First&& first, Second&& second, std::string_view before,
                        std::string_view after) {
  std::string spaced;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i + 1 == text.size() || !first(text[i]) || !second(text[i + 1])) {
      spaced += text[i];
      continue;
    }
    spaced.append(before);
    spaced += text[i];
    spaced += ' ';
    spaced += text[++i];
    spaced.append(after);
  }
  return spaced;
}

using Counts = std::map<std::string, double>;

/// n-grams of order n, as tokens joined by spaces, with their counts.
Counts count_ngrams(const std::vector<std::string>& tokens, std::size_t n) {
  Counts counts;
  for (std::size_t begin = 0; begin + n <= tokens.size(); ++begin) {
    std::string ngram = tokens[begin];
    for (std::size_t i = 1; i < n; ++i) ngram += " " + tokens[begin + i];
    ++counts[ngram];
  }
  return counts;
}

/// The reference length closest to `length`; of two equally close the shorter.
std::size_t closest_length(std::size_t length, const std::vector<std::vector<std::string>>& references) {
  const auto distance = [&](std::size_t other) { return other > length ? other - length : length - other; };
  std::size_t closest = references.empty() ? 0 : references.front().size();
  for (const auto& reference : references) {
    const std::size_t size = reference.size();
    if (std::pair(distance(size), size) < std::pair(distance(closest), closest)) closest = size;
  }
  return closest;
}

}  // namespace

std::vector<std::string> tokenize_13a(std::string_view text) {
  std::string line(text);
  replace_all(line, "<skipped>", "");
  replace_all(line, "-\n", "");
  replace_all(line, "\n", " ");
  replace_all(line, "&quot;", "\"");
  replace_all(line, "&amp;", "&");
  replace_all(line, "&lt;", "<");
  replace_all(line, "&gt;", ">");

  std::string spaced = " ";
  for (const char c : line + " ") spaced += is_symbol(c) ? std::string{' ', c, ' '} : std::string{c};
  const auto no_digit = [](char c) { return !is_digit(c); };
  const auto hyphen = [](char c) { return c == '-'; };
  spaced = space_pairs(spaced, no_digit, is_stop, "", " ");
  spaced = space_pairs(spaced, is_stop, no_digit, " ", "");
  spaced = space_pairs(spaced, is_digit, hyphen, "", " ");
  return split_words(spaced);
}

Statistics bleu_statistics(std::string_view output, std::span<const std::string> references) {
  const std::vector<std::string> tokens = tokenize_13a(output);
  std::vector<std::vector<std::string>> reference_tokens;
  for (const std::string& reference : references) reference_tokens.push_back(tokenize_13a(reference));

  Statistics statistics(kBleuStatistics, 0);
  statistics[0] = static_cast<double>(tokens.size());
  statistics[1] = static_cast<double>(closest_length(tokens.size(), reference_tokens));
  for (std::size_t n = 1; n <= kOrders; ++n) {
    Counts most;  // of every n-gram in any one reference
    for (const auto& reference : reference_tokens) {
      for (const auto& [ngram, count] : count_ngrams(reference, n)) most[ngram] = std::max(most[ngram], count);
    }
    for (const auto& [ngram, count] : count_ngrams(tokens, n)) {
      statistics[kTotals + n - 1] += count;
      const auto found = most.find(ngram);
      if (found != most.end()) statistics[kMatches + n - 1] += std::min(count, found->second);
    }
  }
  return statistics;
}

double bleu_score(std::span<const double> corpus) {
  const double output_length = corpus[0], reference_length = corpus[1];
  if (std::ranges::all_of(corpus.subspan(kMatches, kOrders), [](double count) { return count == 0; })) return 0;
  double log_precisions = 0;
  double smoothing = 1;
  for (std::size_t n = 0; n < kOrders; ++n) {
    if (corpus[kTotals + n] == 0) return 0;  // no output is long enough for this order
    double matches = corpus[kMatches + n];
    if (matches == 0) {
      smoothing *= 2;
      matches = 1 / smoothing;
    }
    log_precisions += std::log(100 * matches / corpus[kTotals + n]);
  }
  const double brevity = output_length < reference_length ? std::exp(1 - reference_length / output_length) : 1;
  return brevity * std::exp(log_precisions / kOrders);
}

}  // namespace phatgoose
