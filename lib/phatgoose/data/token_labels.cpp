#include "phatgoose/data/token_labels.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

/// The part of a text that ends before byte `end`, and its expert.
struct Part {
  std::size_t end;
  std::int32_t expert;
};

void check_labelled(const Record& record) {
  if (!record.input_experts.empty() && !record.answer_experts.empty()) return;
  refuse_here(record.input_experts.empty() ? "no \"input_experts\"" : "no \"answer_experts\"",
              "rows that have \"input_experts\" and \"answer_experts\", for the router token-oracle",
              "--tasks, or tasks in a methods file, selects tasks whose rows have them");
}

void check_parts(const Record& record) {
  std::string joined;
  for (const InputPart& part : record.input_experts) joined += part.text;
  if (joined == record.input) return;
  const auto differs = std::ranges::mismatch(joined, record.input).in2 - record.input.begin();
  refuse_here(fmt::format("\"input_experts\" differ from \"input\" at byte {}", differs),
              "parts that make up the input when joined");
}

void check_words(const Record& record) {
  std::vector<std::string> answers = record.choices;
  answers.push_back(record.target);
  for (const std::string& answer : answers) {
    const std::size_t words = word_places(answer).size();
    if (words == record.answer_experts.size()) continue;
    refuse_here(fmt::format("{} \"answer_experts\" for \"{}\"", record.answer_experts.size(), answer),
                fmt::format("{}, one for each word", words));
  }
}

/// The experts of a text's tokens: `ids`, of which the last is EOS and the others begin the text.
ExpertNumbers experts_of(const std::string& text, const std::vector<Part>& parts, const TokenIds& ids,
                         const Tokenizer& tokenizer) {
  const std::vector<TextToken> tokens = tokenizer.encode_with_places(text);
  const std::vector<WordPlace> words = word_places(text);
  ExpertNumbers experts;
  auto word = words.begin();
  auto part = parts.begin();
  for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
    while (word != words.end() && word->end <= tokens[i].begin) ++word;
    const std::size_t place = word == words.end() ? text.size() : std::max(word->begin, tokens[i].begin);
    while (part + 1 != parts.end() && part->end <= place) ++part;
    experts.push_back(part->expert);
  }
  experts.push_back(parts.back().expert);
  return experts;
}

}  // namespace

std::int32_t TokenLabels::number_of(const std::string& name, std::int64_t line) {
  const auto found = std::ranges::find(experts_, name, &Expert::name);
  const auto number = static_cast<std::int32_t>(found - experts_.begin());
  if (found == experts_.end()) experts_.push_back({name, line});
  return number;
}

void TokenLabels::add(const Record& record, const TokenIds& input, const std::vector<TokenIds>& choices,
                      const Tokenizer* tokenizer) {
  check_labelled(record);
  check_parts(record);
  check_words(record);
  std::vector<Part> parts;
  for (std::size_t end = 0; const auto& [text, expert] : record.input_experts) {
    parts.push_back({end += text.size(), number_of(expert, record.line)});
  }
  Row row{experts_of(record.input, parts, input, *tokenizer), {}};
  for (std::size_t c = 0; c < choices.size(); ++c) {
    parts.clear();
    for (const WordPlace& word : word_places(record.choices[c])) {
      parts.push_back({word.end, number_of(record.answer_experts[parts.size()], record.line)});
    }
    row.choices.push_back(experts_of(record.choices[c], parts, choices[c], *tokenizer));
  }
  rows_.push_back(std::move(row));
}

ExpertNumbers TokenLabels::places_in(const std::vector<std::string>& names) const {
  ExpertNumbers places;
  for (const auto& [name, line] : experts_) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      refuse(fmt::format(":{}", line), fmt::format("the expert \"{}\"", name),
             fmt::format("one that takes part in the routed model: {}", fmt::join(names, ", ")),
             did_you_mean(name, names));
    }
    places.push_back(static_cast<std::int32_t>(found - names.begin()));
  }
  return places;
}

}  // namespace phatgoose
