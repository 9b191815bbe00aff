#include "phatgoose/data/row_encoder.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/golden.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::stderr_of;

const Tokenizer& tokenizer() {
  static const Tokenizer read(golden_path("text"));
  return read;
}

Record record_of(const std::string& json, std::int64_t line = 1) {
  Record record = parse_record(json);
  record.line = line;
  return record;
}

RowEncoder encoder() { return {&tokenizer(), tokenizer().size()}; }

/// The names of what is noted of a row with choices, of which those with `right` are right.
std::vector<std::string> notes_of(const std::string& json, const std::vector<std::int64_t>& right = {}) {
  RowEncoder rows = encoder();
  rows.choices(record_of(json), right);
  std::vector<std::string> names;
  const Json all = rows.notes().to_json();
  for (const auto& [name, count] : all.items()) {
    if (count != 0) names.push_back(name);
  }
  return names;
}

using Names = std::vector<std::string>;

TEST_CASE("text is tokenised with EOS and cut; ids stay as they are") {
  const std::vector<Record> records = {record_of(R"({"input": "the river and the sea", "target": "the wall"})"),
                                       record_of(R"({"input_ids": [5, 6, 7, 8, 9], "target_ids": [4, 4, 4, 4]})", 2)};
  RowEncoder rows = encoder();
  const std::vector<Example> examples = encode_rows(records, rows, 4, 2);
  CHECK(examples[0].input == tokenizer().encode_with_eos("the river and the sea", 4));
  CHECK(examples[0].input.size() == 4);
  CHECK(examples[0].target == TokenIds{4, kEosId});
  CHECK(examples[1].input == TokenIds{5, 6, 7, 8, 9});
  CHECK(examples[1].target == TokenIds{4, 4, 4, 4});
  CHECK(rows.notes().count(RowNote::cut_input) == 1);
  CHECK(rows.notes().count(RowNote::cut_target) == 1);
}

TEST_CASE("choices are read where that is asked for, with the place of the first that is right") {
  const std::vector<Record> records = {
      record_of(R"({"input": "a", "target": "the sea", "choices": ["the wall", "the sea"]})"),
      record_of(R"({"input": "a", "targets": ["the sea", "the wall"], "choices": ["a", "the wall", "the sea"]})", 2),
      record_of(R"({"input_ids": [5], "target_ids": [6, 1], "choices_ids": [[7, 8, 9, 1], [6, 1]]})", 3),
      record_of(R"({"input": "a", "target": "the sea"})", 4)};
  RowEncoder rows = encoder();
  for (const Example& example : encode_rows(records, rows, 4, 2)) CHECK(example.choices.empty());
  const std::vector<Example> examples = encode_rows(records, rows, 4, 2, /*with_choices=*/true);
  REQUIRE(examples[0].choices.size() == 2);
  CHECK(examples[0].choices[1] == tokenizer().encode_with_eos("the sea", 100));
  CHECK(examples[0].right == 1);
  CHECK(examples[1].choices.size() == 2);  // another right one is no wrong one
  CHECK(examples[1].right == 1);
  CHECK(examples[1].choices[1] == tokenizer().encode_with_eos("the wall", 100));
  CHECK(examples[2].choices == std::vector<TokenIds>{{7, 8, 9, 1}, {6, 1}});
  CHECK(examples[2].right == 1);
  CHECK(examples[3].choices.empty());
  const auto undecided = [&] {
    const Record record = record_of(R"({"input_ids": [5], "target_ids": [6], "choices_ids": [[7]]})", 9);
    in("f", [&] { encode_rows({record}, rows, 4, 2, true); });
  };
  CHECK_THROWS_MATCHES(undecided(), Error, FailsWith(ExitCode::bad_data, "f:9: no choice equals"));
}

TEST_CASE("an input of just the admitted length is not cut, one token more is") {
  const std::string text = "the river and the sea";
  const auto length = std::ssize(tokenizer().encode(text)) + 1;
  RowEncoder rows = encoder();
  const Record record = record_of(R"({"input": ")" + text + R"(", "target": "a"})");
  CHECK(std::ssize(rows.input(record, length)) == length);
  CHECK(rows.notes().count(RowNote::cut_input) == 0);
  CHECK(std::ssize(rows.input(record, length - 1)) == length - 1);
  CHECK(rows.notes().count(RowNote::cut_input) == 1);
}

TEST_CASE("inputs and targets without a token are noted") {
  RowEncoder rows = encoder();
  encode_rows({record_of(R"({"input": "", "target": " "})"), record_of(R"({"input_ids": [1], "target_ids": [1]})"),
               record_of(R"({"input": "a", "target": "b"})")},
              rows, 8, 8);
  CHECK(rows.notes().count(RowNote::empty_input) == 2);
  CHECK(rows.notes().count(RowNote::empty_target) == 2);
}

TEST_CASE("choices are never cut") {
  const auto choices =
      encoder().choices(record_of(R"({"input": "a", "target": "", "choices": ["the river and the sea", ""]})"));
  CHECK(choices.size() == 2);
  CHECK(choices[0].size() == tokenizer().encode("the river and the sea").size() + 1);
  CHECK(choices[1] == TokenIds{kEosId});
}

TEST_CASE("choices that the model cannot tell apart are noted, and where that decides the answer") {
  const std::string row = R"({"input": "a", "target": "x", "choices": )";
  REQUIRE(tokenizer().encode("\u4e00") == tokenizer().encode("\u4e8c"));  // both unknown
  const std::string unknown = row + R"(["\u4e00", "\u4e8c", "the"]})";
  CHECK(notes_of(unknown) == Names{"alike_choices"});
  CHECK(notes_of(unknown, {0}) == Names{"alike_choices", "undecidable_choices"});
  CHECK(notes_of(unknown, {0, 1}) == Names{"alike_choices"});
  CHECK(notes_of(unknown, {2}) == Names{"alike_choices"});
  CHECK(notes_of(row + R"(["the sea", "the sea"]})", {0, 1}) == Names{"repeated_choice", "alike_choices"});
  CHECK(notes_of(row + R"(["the sea", "the  sea "]})", {0}) == Names{"alike_choices", "undecidable_choices"});
  CHECK(notes_of(row + R"(["the sea"]})") == Names{"single_choice"});
  CHECK(notes_of(row + R"(["the sea", ""]})") == Names{"empty_choice"});
  CHECK(notes_of(row + R"(["the sea", "the wall"]})", {1}).empty());
  CHECK(notes_of(R"({"input_ids": [5], "target_ids": [6], "choices_ids": [[6], [7, 1], [7, 1]]})", {1}) ==
        Names{"alike_choices", "undecidable_choices"});
}

TEST_CASE("a warning says how many rows, of how many, and where one is") {
  RowEncoder rows = encoder();
  for (const std::int64_t line : {4, 7}) {
    rows.input(record_of(R"({"input": "the river and the sea", "target": "a"})", line), 3);
  }
  RowNotes all;
  all.add(RowNote::empty_input, 2);
  all.add(rows.notes());
  const std::string said = stderr_of([&] { all.warn("rows.jsonl", 9); });
  CHECK(said ==
        "warning: rows.jsonl: 2 of 9 inputs are cut to 3 tokens; their ends are lost (e.g. line 4)\n"
        "warning: rows.jsonl: 1 of 9 inputs are empty (e.g. line 2)\n");
  CHECK(stderr_of([] { RowNotes().warn("rows.jsonl", 9); }).empty());
}

TEST_CASE("rows that cannot be decided are warned of once, where no other choices are alike") {
  RowNotes notes;
  notes.add(RowNote::alike_choices, 1);
  notes.add(RowNote::undecidable_choices, 1);
  const std::string one = stderr_of([&] { notes.warn("rows.jsonl", 9); });
  CHECK_THAT(one, Catch::Contains("a right and a wrong choice"));
  CHECK(std::ranges::count(one, '\n') == 1);
  notes.add(RowNote::alike_choices, 2);
  const std::string two = stderr_of([&] { notes.warn("rows.jsonl", 9); });
  CHECK(std::ranges::count(two, '\n') == 2);
}

TEST_CASE("ids outside the vocabulary, and text without a tokenizer, are errors with the line") {
  RowEncoder rows(nullptr, 100);
  Record ids = record_of(R"({"input_ids": [5, 100], "target_ids": [4]})", 3);
  const auto encoded = [&](const Record& record) { in("f", [&] { encode_rows({record}, rows, 8, 8); }); };
  CHECK_THROWS_MATCHES(encoded(ids), Error, FailsWith(ExitCode::bad_data, "f:3: token id 100"));
  ids.input_ids = {-1};
  CHECK_THROWS_MATCHES(encoded(ids), Error, FailsWith(ExitCode::bad_data, "f:3: token id -1"));
  ids.input_ids = {99};
  CHECK(rows.input(ids, 8) == TokenIds{99});
  CHECK_THROWS_MATCHES(encoded(record_of(R"({"input": "a", "target": "b"})", 9)), Error,
                       FailsWith(ExitCode::bad_data, "f:9: a row of text", "no spiece.model"));
}

}  // namespace
}  // namespace phatgoose
