#include "phatgoose/describe/answer_kind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <regex>
#include <set>

#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

constexpr std::size_t kNamedChoices = 5;       // more would not fit in a sentence
constexpr std::size_t kChoiceCharacters = 20;  // of each of them
constexpr std::size_t kPhraseWords = 6;
constexpr std::size_t kSentenceWords = 40;

std::string lower_stripped(const std::string& text) {
  std::string lower = encode_utf8(lower_case(decode_utf8(strip(text))));
  if (lower.ends_with('.')) lower.pop_back();
  return lower;
}

bool all_among(const std::set<std::string>& answers, const std::set<std::string>& known) {
  return std::ranges::includes(known, answers);
}

/// For answers, lower-cased and different.
std::string truth_kind(const std::set<std::string>& answers) {
  if (all_among(answers, {"no", "yes"})) return "yes or no";
  if (all_among(answers, {"false", "true"})) return "true or false";
  return {};
}

bool can_be_named(const std::vector<std::string>& choices) {
  return choices.size() <= kNamedChoices && std::ranges::all_of(choices, [](const std::string& choice) {
           return decode_utf8(choice).size() <= kChoiceCharacters && choice.find('\n') == std::string::npos;
         });
}

std::string kind_of_choices(const std::vector<ShownExample>& examples) {
  std::vector<std::string> first = examples.front().choices;
  std::ranges::sort(first);
  bool same = true, as_many = true;
  for (const ShownExample& example : examples) {
    std::vector<std::string> choices = example.choices;
    std::ranges::sort(choices);
    same = same && choices == first;
    as_many = as_many && choices.size() == first.size();
  }
  std::set<std::string> lower;
  for (const std::string& choice : first) lower.insert(lower_stripped(choice));
  if (same && !truth_kind(lower).empty()) return truth_kind(lower);
  if (same && examples.size() > 1 && can_be_named(first)) {
    return "one of the choices " + enumeration(examples.front().choices, "and");
  }
  return as_many ? fmt::format("one of {} choices", first.size()) : "one of several choices";
}

bool is_number(const std::string& text) {
  static const std::regex form(R"([-+$]?[0-9][0-9,]*(\.[0-9]+)?%?)");
  return std::regex_match(text, form);
}

std::string kind_of_targets(const std::vector<ShownExample>& examples) {
  std::set<std::string> answers;
  std::size_t words = 0;
  bool closed = false;  // an end that sentences have
  for (const ShownExample& example : examples) {
    answers.insert(lower_stripped(example.target));
    words = std::max(words, split_words(example.target).size());
    closed = closed || std::string_view(".!?").find(strip(example.target).back()) != std::string_view::npos;
  }
  if (!truth_kind(answers).empty()) return truth_kind(answers);
  if (std::ranges::all_of(answers, is_number)) return "a number";
  if (words == 1) return "a word";
  if (words <= kPhraseWords && !closed) return "a short phrase";
  return words <= kSentenceWords ? "a sentence" : "a longer text";
}

}  // namespace

std::string enumeration(const std::vector<std::string>& items, const std::string& conjunction) {
  if (items.size() < 2) return fmt::format("{}", fmt::join(items, ""));
  const auto last = items.end() - 1;
  return fmt::format("{} {} {}", fmt::join(items.begin(), last, ", "), conjunction, *last);
}

std::string answer_kind(const std::vector<ShownExample>& examples) {
  const auto all = [&](auto has) { return !examples.empty() && std::ranges::all_of(examples, has); };
  if (all([](const ShownExample& example) { return !example.choices.empty(); })) return kind_of_choices(examples);
  if (all([](const ShownExample& example) { return !strip(example.target).empty(); })) return kind_of_targets(examples);
  return {};
}

}  // namespace phatgoose
