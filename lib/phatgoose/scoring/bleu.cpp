#include "phatgoose/scoring/bleu.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

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

BleuStatistics& BleuStatistics::operator+=(const BleuStatistics& other) {
  output_length += other.output_length;
  reference_length += other.reference_length;
  for (std::size_t n = 0; n < kOrders; ++n) {
    matches[n] += other.matches[n];
    totals[n] += other.totals[n];
  }
  return *this;
}

BleuStatistics bleu_statistics(std::string_view output, std::span<const std::string> references) {
  const std::vector<std::string> tokens = tokenize_13a(output);
  std::vector<std::vector<std::string>> reference_tokens;
  for (const std::string& reference : references) reference_tokens.push_back(tokenize_13a(reference));

  BleuStatistics statistics;
  statistics.output_length = static_cast<double>(tokens.size());
  statistics.reference_length = static_cast<double>(closest_length(tokens.size(), reference_tokens));
  for (std::size_t n = 1; n <= BleuStatistics::kOrders; ++n) {
    Counts most;  // of every n-gram in any one reference
    for (const auto& reference : reference_tokens) {
      for (const auto& [ngram, count] : count_ngrams(reference, n)) most[ngram] = std::max(most[ngram], count);
    }
    for (const auto& [ngram, count] : count_ngrams(tokens, n)) {
      statistics.totals[n - 1] += count;
      const auto found = most.find(ngram);
      if (found != most.end()) statistics.matches[n - 1] += std::min(count, found->second);
    }
  }
  return statistics;
}

double bleu_score(const BleuStatistics& corpus) {
  if (std::all_of(corpus.matches.begin(), corpus.matches.end(), [](double count) { return count == 0; })) return 0;
  double log_precisions = 0;
  double smoothing = 1;
  for (std::size_t n = 0; n < BleuStatistics::kOrders; ++n) {
    if (corpus.totals[n] == 0) return 0;  // no output is long enough for this order
    double matches = corpus.matches[n];
    if (matches == 0) {
      smoothing *= 2;
      matches = 1 / smoothing;
    }
    log_precisions += std::log(100 * matches / corpus.totals[n]);
  }
  const bool shorter = corpus.output_length < corpus.reference_length;
  const double brevity = shorter ? std::exp(1 - corpus.reference_length / corpus.output_length) : 1;
  return brevity * std::exp(log_precisions / BleuStatistics::kOrders);
}

}  // namespace phatgoose
