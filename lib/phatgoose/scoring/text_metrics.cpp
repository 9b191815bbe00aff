#include "phatgoose/scoring/text_metrics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

double f_measure(double shared, double output_tokens, double target_tokens) {
  if (shared == 0) return 0;
  const double precision = shared / output_tokens, recall = shared / target_tokens;
  return 2 * precision * recall / (precision + recall);
}

template <typename Metric>
double best_over(std::span<const std::string> targets, Metric&& metric) {
  double best = 0;
  for (const std::string& target : targets) best = std::max(best, metric(target));
  return best;
}

/// Tokens of `rouge_score`: runs of a-z and 0-9 in the lower-cased text.
std::vector<std::string> rouge_tokens(std::string_view text) {
  std::vector<std::string> tokens;
  bool open = false;
  for (const char32_t c : lower_case(decode_utf8(text))) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept && !open) tokens.emplace_back();
    if (kept) tokens.back().push_back(static_cast<char>(c));
    open = kept;
  }
  return tokens;
}

/// Length of the longest common subsequence, by rows of the usual table.
std::size_t common_subsequence(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<std::size_t> row(b.size() + 1, 0);
  for (const std::string& token : a) {
    std::size_t diagonal = 0;  // of the row above
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = token == b[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

bool is_ascii_punctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

bool is_article(std::u32string_view word) { return word == U"a" || word == U"an" || word == U"the"; }

/// How many entries two lists have in common, each as often as both have it.
std::size_t shared_entries(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::map<std::string, std::size_t> left;
  for (const std::string& token : b) ++left[token];
  std::size_t shared = 0;
  for (const std::string& token : a) {
    const auto found = left.find(token);
    if (found == left.end() || found->second == 0) continue;
    --found->second;
    ++shared;
  }
  return shared;
}

/// The n-grams of a list, each as its tokens joined by spaces.
std::vector<std::string> ngrams(const std::vector<std::string>& tokens, std::size_t n) {
  std::vector<std::string> grams;
  for (std::size_t end = n; end <= tokens.size(); ++end) {
    grams.push_back(fmt::format("{}", fmt::join(std::span(tokens).subspan(end - n, n), " ")));
  }
  return grams;
}

double rouge_n(std::string_view output, std::span<const std::string> targets, std::size_t n) {
  const std::vector<std::string> answer = ngrams(rouge_tokens(output), n);
  return best_over(targets, [&](const std::string& text) {
    const std::vector<std::string> target = ngrams(rouge_tokens(text), n);
    return f_measure(static_cast<double>(shared_entries(answer, target)), static_cast<double>(answer.size()),
                     static_cast<double>(target.size()));
  });
}

}  // namespace

bool exact_match(std::string_view output, std::span<const std::string> targets) {
  const std::string answer = strip(output);
  return std::ranges::any_of(targets, [&](const std::string& target) { return strip(target) == answer; });
}

std::string squad_normalise(std::string_view text) {
  std::u32string kept;
  for (const char32_t c : lower_case(decode_utf8(text))) {
    if (!is_ascii_punctuation(c)) kept.push_back(c);
  }
  // An article is a whole run of word characters: \b(a|an|the)\b.
  std::u32string without_articles;
  for (std::size_t begin = 0; begin < kept.size();) {
    std::size_t end = begin;
    while (end < kept.size() && is_word(kept[end])) ++end;
    const std::u32string_view word = std::u32string_view(kept).substr(begin, end - begin);
    without_articles += is_article(word) ? U" " : word;
    if (end < kept.size()) without_articles.push_back(kept[end]);
    begin = end + 1;
  }
  return fmt::format("{}", fmt::join(split_words(encode_utf8(without_articles)), " "));
}

bool normalised_match(std::string_view output, std::span<const std::string> targets) {
  const std::string answer = squad_normalise(output);
  return std::ranges::any_of(targets, [&](const std::string& target) { return squad_normalise(target) == answer; });
}

double rouge_1(std::string_view output, std::span<const std::string> targets) { return rouge_n(output, targets, 1); }
double rouge_2(std::string_view output, std::span<const std::string> targets) { return rouge_n(output, targets, 2); }

double rouge_l(std::string_view output, std::span<const std::string> targets) {
  const std::vector<std::string> answer = rouge_tokens(output);
  return best_over(targets, [&](const std::string& text) {
    const std::vector<std::string> target = rouge_tokens(text);
    return f_measure(static_cast<double>(common_subsequence(answer, target)), static_cast<double>(answer.size()),
                     static_cast<double>(target.size()));
  });
}

double squad_f1(std::string_view output, std::span<const std::string> targets) {
  const std::vector<std::string> answer = split_words(squad_normalise(output));
  return best_over(targets, [&](const std::string& text) {
    const std::vector<std::string> target = split_words(squad_normalise(text));
    return f_measure(static_cast<double>(shared_entries(answer, target)), static_cast<double>(answer.size()),
                     static_cast<double>(target.size()));
  });
}

}  // namespace phatgoose
