#include "phatgoose/data/token_labels.h"

#include <catch2/catch.hpp>

#include <limits>
#include "phatgoose/data/row_encoder.h"

#include "phatgoose/base/json.h"
#include "support/fails_with.h"
#include "support/golden.h"

namespace phatgoose {
namespace {

using test::FailsWith;

const Tokenizer& tokenizer() {
  static const Tokenizer shared(test::golden_path("text"));
  return shared;
}

const std::vector<InputPart> kParts = {{"The keeper of the wonderful goo", "keeper"},
                                       {"se, and then the  last stop", "route"},
                                       {" of autumn. ", "keeper"}};

Record record_of(const std::vector<InputPart>& parts = kParts,
                 const std::vector<std::string>& choices = {"Tom Riverside", " gosling\tmill "},
                 const std::vector<std::string>& answer_experts = {"route", "mill"}) {
  Record record;
  for (const InputPart& part : parts) record.input += part.text;
  record.input_experts = parts;
  record.choices = choices;
  record.target = choices.front();
  record.answer_experts = answer_experts;
  record.line = 7;
  return record;
}

/// The labels of one row, by name: the experts' numbers are places in the sorted list of them.
struct Named {
  std::vector<std::string> input;
  std::vector<std::vector<std::string>> choices;
};

Named named_labels(const Record& record, std::int64_t max_input = 512) {
  RowEncoder encoder(&tokenizer(), tokenizer().size());
  TokenLabels labels;
  labels.add(record, encoder.input(record, max_input), encoder.choices(record), &tokenizer());
  const std::vector<std::string> names = {"another", "keeper", "mill", "route"};
  const ExpertNumbers places = labels.places_in(names);
  const auto to_names = [&](const ExpertNumbers& numbers) {
    std::vector<std::string> result;
    for (const std::int32_t number : numbers) result.push_back(names.at(places.at(number)));
    return result;
  };
  Named named{to_names(labels.rows().front().input), {}};
  for (const ExpertNumbers& choice : labels.rows().front().choices) named.choices.push_back(to_names(choice));
  return named;
}

/// The same in another way: what the tokens before a token decode to says where in a text of single spaces it begins.
std::vector<std::string> decoded_labels(const std::string& text, const std::vector<InputPart>& parts) {
  const TokenIds ids = tokenizer().encode(text);
  std::vector<std::string> experts;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::size_t begin = tokenizer().decode(std::span(ids).first(i)).size();
    while (begin < text.size() && text[begin] == ' ') ++begin;
    std::size_t part = 0;
    for (std::size_t end = parts[0].text.size(); end <= begin; end += parts[part].text.size()) ++part;
    experts.push_back(parts[part].expert);
  }
  experts.push_back(parts.back().expert);
  return experts;
}

}  // namespace

TEST_CASE("a token belongs to the part in which its first character that is no space lies") {
  const std::vector<InputPart> parts = {
      {"The keeper of the wonderful goo", "keeper"}, {"se, and then the last ", "route"}, {"stop of autumn.", "mill"}};
  const Named found = named_labels(record_of(parts));
  CHECK(found.input == decoded_labels("The keeper of the wonderful goose, and then the last stop of autumn.", parts));
  for (const char* expert : {"keeper", "route", "mill"}) CHECK(std::ranges::count(found.input, expert) > 3);
  CHECK(found.input.back() == "mill");
}

TEST_CASE("a space before a border goes with the word that follows it") {
  const TokenIds first = tokenizer().encode("the wheel"), both = tokenizer().encode("the wheel turns");
  for (const auto& [before, after] : {std::pair("the wheel", " turns"), std::pair("the wheel ", "turns")}) {
    const Named found = named_labels(record_of({{before, "keeper"}, {after, "route"}}));
    std::vector<std::string> expected(first.size(), "keeper");
    expected.resize(both.size() + 1, "route");
    CHECK(found.input == expected);
  }
}

TEST_CASE("spaces that the tokenizer drops shift nothing") {
  std::vector<InputPart> tidy = {{"The keeper of the wonderful goo", "keeper"},
                                 {"se, and then the last stop", "route"},
                                 {" of autumn.", "keeper"}};
  CHECK(named_labels(record_of()).input == named_labels(record_of(tidy)).input);
  tidy.front().text.insert(0, " \n ");
  CHECK(named_labels(record_of()).input == named_labels(record_of(tidy)).input);
}

TEST_CASE("a character outside the vocabulary keeps its word's expert, its leading space too") {
  const Named found = named_labels(record_of({{"the wheel", "keeper"}, {" 中文", "route"}, {" turns", "mill"}}));
  const auto wheel = tokenizer().encode("the wheel").size(), foreign = tokenizer().encode("the wheel 中文").size();
  REQUIRE(foreign > wheel + 1);  // the space is a token of its own
  for (std::size_t i = 0; i < found.input.size(); ++i) {
    CHECK(found.input[i] == (i < wheel ? "keeper" : i < foreign ? "route" : "mill"));
  }
}

TEST_CASE("a special token belongs to the part that writes it out") {
  const Named found =
      named_labels(record_of({{"the wheel ", "keeper"}, {"<extra_id_3>", "route"}, {"</s>turns", "mill"}}));
  const auto wheel = tokenizer().encode("the wheel").size(), turns = tokenizer().encode("turns").size();
  std::vector<std::string> expected(wheel, "keeper");
  expected.emplace_back("route");
  expected.resize(wheel + 1 + 1 + turns + 1, "mill");
  CHECK(found.input == expected);
}

TEST_CASE("an empty part has no tokens, but has EOS where it is the last") {
  const auto tokens = tokenizer().encode("the wheel").size();
  const Named found = named_labels(record_of({{"", "mill"}, {"the wheel", "keeper"}, {"", "route"}}));
  std::vector<std::string> expected(tokens, "keeper");
  expected.emplace_back("route");
  CHECK(found.input == expected);
}

TEST_CASE("an input that is cut keeps EOS with the last part") {
  const Named whole = named_labels(record_of({{"the wheel ", "keeper"}, {"turns the stones", "route"}}));
  const Named cut = named_labels(record_of({{"the wheel ", "keeper"}, {"turns the stones", "route"}}), 3);
  REQUIRE(whole.input.size() > 4);
  CHECK(cut.input == std::vector<std::string>{"keeper", "keeper", "route"});
}

TEST_CASE("every token of a word of the answer has the word's expert, EOS the last word's") {
  const Named found = named_labels(record_of());
  REQUIRE(found.choices.size() == 2);
  const auto tom = tokenizer().encode("Tom").size(), river = tokenizer().encode("Tom Riverside").size();
  REQUIRE(tom > 1);
  REQUIRE(river > tom + 1);
  std::vector<std::string> expected(tom, "route");
  expected.resize(river + 1, "mill");
  CHECK(found.choices[0] == expected);
  expected.assign(tokenizer().encode("gosling").size(), "route");
  expected.resize(tokenizer().encode("gosling mill").size() + 1, "mill");
  CHECK(found.choices[1] == expected);
}

TEST_CASE("labels that do not fit a row are errors") {
  const auto refused = [](const Record& record, const char* found, const char* expected) {
    CHECK_THROWS_MATCHES(named_labels(record), Error, FailsWith(ExitCode::bad_data, found, expected));
  };
  Record record = record_of();
  record.input += "!";
  refused(record, "differ from \"input\" at byte 70", "make up the input");
  record = record_of();
  record.input[4] = 'K';
  refused(record, "differ from \"input\" at byte 4", "make up the input");
  refused(record_of(kParts, {"Tom Riverside", "Tom"}), "2 \"answer_experts\" for \"Tom\"", "1, one for each word");
  refused(record_of(kParts, {"Tom Riverside", ""}), "2 \"answer_experts\" for \"\"", "0, one for each word");
  record = record_of();
  record.target = "Tom of Riverside";
  refused(record, "2 \"answer_experts\" for \"Tom of Riverside\"", "3, one for each word");
  record = record_of();
  record.input_experts.clear();
  refused(record, "no \"input_experts\"", "--tasks, or tasks in a methods file");
  record = record_of();
  record.answer_experts.clear();
  refused(record, "no \"answer_experts\"", "rows that have \"input_experts\" and \"answer_experts\"");
  record = Record();
  record.input_ids = record.target_ids = {5, 1};
  record.choices_ids = {{5, 1}};
  record.line = 7;
  TokenLabels labels;
  CHECK_THROWS_MATCHES(labels.add(record, {5, 1}, {{5, 1}}, nullptr), Error,
                       FailsWith(ExitCode::bad_data, "no \"input_experts\""));
}

TEST_CASE("an expert that is not there is an error at the first row that names it") {
  TokenLabels labels;
  RowEncoder encoder(&tokenizer(), tokenizer().size());
  Record record = record_of();
  for (const std::int64_t line : {3, 4, 5}) {
    record.line = line;
    if (line == 4) record.answer_experts = {"keeper", "milk"};
    labels.add(record, encoder.input(record, 512), encoder.choices(record), &tokenizer());
  }
  CHECK(labels.places_in({"milk", "mill", "keeper", "route"}) == ExpertNumbers{2, 3, 1, 0});
  CHECK_THROWS_MATCHES(
      labels.places_in({"keeper", "mill", "route"}), Error,
      FailsWith(ExitCode::bad_data, ":4: the expert \"milk\"", "keeper, mill, route", "did you mean mill?"));
  CHECK_THROWS_MATCHES(labels.places_in({"mill", "milk", "route"}), Error,
                       FailsWith(ExitCode::bad_data, ":3: the expert \"keeper\""));
}

}  // namespace phatgoose
