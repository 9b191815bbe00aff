#include "phatgoose/describe/content_terms.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string_view>

#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

constexpr std::size_t kLongestWord = 30;  // characters: what is longer is no word that says anything

// Articles, pronouns, prepositions, conjunctions, auxiliaries, question words, and the like. Sorted.
constexpr auto kFunctionWords = std::to_array<std::string_view>(
    {"about",   "above",  "after", "again",  "all",     "also",    "although", "always",  "among",   "and",
     "another", "any",    "are",   "around", "because", "been",    "before",   "behind",  "being",   "below",
     "between", "both",   "but",   "can",    "cannot",  "could",   "did",      "does",    "doing",   "done",
     "down",    "during", "each",  "either", "else",    "ever",    "every",    "few",     "for",     "from",
     "further", "get",    "gets",  "give",   "given",   "gives",   "got",      "had",     "has",     "have",
     "having",  "hence",  "her",   "here",   "hers",    "him",     "his",      "how",     "however", "into",
     "its",     "itself", "just",  "least",  "less",    "let",     "like",     "made",    "make",    "makes",
     "many",    "may",    "might", "mine",   "more",    "most",    "much",     "must",    "near",    "neither",
     "never",   "nor",    "not",   "now",    "off",     "often",   "once",     "one",     "only",    "onto",
     "other",   "others", "our",   "ours",   "out",     "over",    "own",      "per",     "please",  "quite",
     "rather",  "same",   "say",   "says",   "shall",   "she",     "should",   "since",   "some",    "such",
     "take",    "takes",  "tell",  "than",   "that",    "the",     "their",    "theirs",  "them",    "then",
     "there",   "these",  "they",  "this",   "those",   "though",  "three",    "through", "thus",    "too",
     "toward",  "two",    "under", "until",  "upon",    "use",     "used",     "using",   "very",    "via",
     "was",     "were",   "what",  "when",   "where",   "whether", "which",    "while",   "who",     "whom",
     "whose",   "why",    "will",  "with",   "within",  "without", "would",    "yet",     "you",     "your",
     "yours"});
static_assert(std::ranges::is_sorted(kFunctionWords));

bool separates_words(char32_t c) { return !is_word(c) || c == U'_' || (c >= U'0' && c <= U'9'); }

bool is_content_word(const std::string& word) {
  const std::u32string letters = decode_utf8(word);
  const bool ascii = std::ranges::all_of(letters, [](char32_t c) { return c < 0x80; });
  if (letters.size() < (ascii ? 3U : 2U) || letters.size() > kLongestWord) return false;
  return !std::ranges::binary_search(kFunctionWords, std::string_view(word));
}

/// In order, with repetitions.
std::vector<std::string> content_words(const std::string& text) {
  const std::string lower = encode_utf8(lower_case(decode_utf8(text)));
  std::vector<std::string> words;
  for (const auto& [begin, end] : word_places(lower, separates_words)) {
    std::string word = lower.substr(begin, end - begin);
    if (is_content_word(word)) words.push_back(std::move(word));
  }
  return words;
}

std::set<std::string> words_of(const Texts& texts) {
  std::set<std::string> words;
  for (const std::string& text : texts) {
    for (std::string& word : content_words(text)) words.insert(std::move(word));
  }
  return words;
}

struct Term {
  std::string word;
  std::size_t first;      // place among all words
  std::size_t texts = 0;  // that have it
  std::size_t count = 0;  // in all of them
  double rarity = 1;      // among the others
};

/// Of all content words, in order of their first places.
std::vector<Term> terms_of(const Texts& texts) {
  std::map<std::string, std::size_t> places;
  std::vector<Term> terms;
  for (const std::string& text : texts) {
    std::set<std::string> here;
    for (const std::string& word : content_words(text)) {
      const auto [place, is_new] = places.try_emplace(word, terms.size());
      if (is_new) terms.push_back({.word = word, .first = terms.size()});
      Term& term = terms[place->second];
      ++term.count;
      if (here.insert(word).second) ++term.texts;
    }
  }
  return terms;
}

void weigh(std::vector<Term>& terms, const std::vector<Texts>& others) {
  if (others.empty()) return;
  std::map<std::string, double> owners;
  for (const Texts& other : others) {
    for (const std::string& word : words_of(other)) ++owners[word];
  }
  for (Term& term : terms)
    term.rarity = std::log((1.0 + static_cast<double>(others.size())) / (1.0 + owners[term.word]));
}

}  // namespace

std::vector<std::string> content_terms(const Texts& texts, const std::vector<Texts>& others, std::size_t most) {
  std::vector<Term> terms = terms_of(texts);
  weigh(terms, others);
  std::ranges::sort(terms, [](const Term& a, const Term& b) {
    const double score_a = static_cast<double>(a.texts) * a.rarity, score_b = static_cast<double>(b.texts) * b.rarity;
    if (score_a != score_b) return score_a > score_b;
    if (a.count != b.count) return a.count > b.count;
    return a.first < b.first;
  });
  std::vector<std::string> words;
  for (const Term& term : terms) {
    if (words.size() == most) break;
    words.push_back(term.word);
  }
  return words;
}

}  // namespace phatgoose
