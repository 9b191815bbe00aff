// What a description may be, what is shown of rows, and what a model is asked.
#include <catch2/catch.hpp>

#include "phatgoose/describe/description_prompt.h"
#include "phatgoose/describe/description_text.h"
#include "phatgoose/describe/given_texts.h"
#include "phatgoose/describe/shown_examples.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;

TEST_CASE("a description is one line, whatever the answer puts around it") {
  CHECK(checked_description(" \n\"Find the word.\"\n") == "Find the word.");
  CHECK(checked_description("Find\r\nthe\tword.") == "Find the word.");
  CHECK(checked_description("\"One\" or \"two\"") == "\"One\" or \"two\"");
  CHECK(checked_description("Finde das Wort für „Züge“.") == "Finde das Wort für „Züge“.");
  CHECK(checked_description(std::string(1000, 'x')).size() == 1000);
  std::string umlauts;
  for (int i = 0; i < 1000; ++i) umlauts += "ü";
  CHECK(checked_description(umlauts) == umlauts);  // characters count, not bytes
}

TEST_CASE("what is no description is refused with the reason") {
  const auto refused = [](const std::string& text, const std::string& reason) {
    CAPTURE(text);
    CHECK_THROWS_MATCHES(checked_description(text), Error, FailsWith(ExitCode::bad_data, reason));
  };
  refused("", "an empty text");
  refused(" \n\t", "an empty text");
  refused("\"\"", "an empty text");
  refused("One.\n \nTwo.", "several paragraphs: \"One.\", ...");
  refused(std::string(1001, 'x'), "1,001 characters; expected at most 1,000");
  refused("<!doctype html><p>Hi", "a web page");
  refused("<?xml version=\"1.0\"?><HTML>", "a web page");
  refused("a\xff", "not UTF-8");
  refused("a\x1b[1m", "the control character \\x1b at character 2");
  refused("ab\u202e", "\\u202e at character 3");
  refused(std::string("a\0b", 3), "\\x00");
}

std::vector<Record> three_rows() {
  std::vector<Record> rows(3);
  for (int i = 0; i < 3; ++i) {
    rows[i].input = " question " + std::to_string(i) + "\n";
    rows[i].target = "answer " + std::to_string(i);
    rows[i].line = i + 1;
  }
  return rows;
}

TEST_CASE("rows are drawn by the seed, and shown with their answers or without") {
  const std::vector<Record> rows = three_rows();
  const auto drawn = draw_examples(rows, {.examples = 2, .seed = 1, .targets = true});
  REQUIRE(drawn.size() == 2);
  CHECK(drawn[0].input.starts_with("question "));
  CHECK(drawn[0].target == "answer " + drawn[0].input.substr(9));
  CHECK(shown_inputs(drawn) == shown_inputs(draw_examples(rows, {.examples = 2, .seed = 1})));
  CHECK(draw_examples(rows, {.examples = 9}).size() == 3);
  bool differs = false;
  for (std::int64_t seed = 2; seed < 10; ++seed) {
    differs = differs || shown_inputs(draw_examples(rows, {.seed = seed})) != shown_inputs(draw_examples(rows, {}));
  }
  CHECK(differs);
  CHECK(draw_examples(rows, {})[0].target.empty());
}

TEST_CASE("a long row is shown in part, a row of ids not at all") {
  Record row;
  row.input = "ääää";
  row.line = 7;
  CHECK(show(row, {.length = 3, .targets = true}).input == "äää...");
  CHECK(show(row, {.length = 4, .targets = true}).input == "ääää");
  row.input_ids = {1, 2};
  CHECK_THROWS_MATCHES(show(row, {}), Error, FailsWith(ExitCode::bad_data, ":7: a row of token ids", "--text"));
}

TEST_CASE("the prompt shows all examples, and asks for what they have in common") {
  const std::vector<Record> rows = three_rows();
  const std::string answered = description_prompt(draw_examples(rows, {.targets = true}));
  for (const char* part : {"Input 1: question ", "Output 1: answer ", "Input 3: ", "Output 3: ", "one sentence"}) {
    CHECK_THAT(answered, Catch::Contains(part));
  }
  const std::string open = description_prompt(draw_examples(rows, {}));
  CHECK_THAT(open, Catch::Contains("Input 3: question ") && !Catch::Contains("Output") && !Catch::Contains("answer"));
  const std::string single = description_prompt({{.input = "{braces}"}});
  CHECK_THAT(single, Catch::Contains("Input: {braces}\n") && !Catch::Contains("examples"));
}

TEST_CASE("texts that a user gives are found by name") {
  const ScratchDirectory scratch;
  const fs::path file = scratch / "texts.yaml";
  test::write_text(file, "food: Name the food.\nsort: >\n  Say what sort of\n  thing it is.\nother: x\n");
  const std::string log = test::stderr_of([&] {
    GivenTexts texts(file, {"food", "sort"});
    CHECK(texts.describe({.name = "food", .subject = {}}) == "Name the food.");
    CHECK(texts.describe({.name = "sort", .subject = {}}) == "Say what sort of thing it is.");
    CHECK(texts.origin({.name = "food", .subject = {}}).source == "given");
  });
  CHECK_THAT(log, Catch::Contains("not used here: the texts of other"));
  CHECK_THROWS_MATCHES(GivenTexts(file, {"food", "sorts"}), Error,
                       FailsWith(ExitCode::bad_data, "no text of sorts", "did you mean sort?"));
}

TEST_CASE("a file of texts is refused at the line that is wrong") {
  const ScratchDirectory scratch;
  const auto refused = [&](const std::string& yaml, const std::string& reason) {
    test::write_text(scratch / "texts.yaml", yaml);
    CAPTURE(yaml);
    CHECK_THROWS_MATCHES(GivenTexts(scratch / "texts.yaml", {"a"}), Error, FailsWith(ExitCode::bad_data, reason));
  };
  refused("- a\n", "not a mapping");
  refused("a: one\na: two\n", "texts.yaml:2: a second text of a");
  refused("a:\n", "texts.yaml:1: a without a text");
  refused("a: ' '\n", "texts.yaml:1: an empty text");
  refused("b: x\na: [1, 2]\n", "texts.yaml:2: a list or mapping");
  refused("a: \"x\\e[1m\"\n", "texts.yaml:1: the control character \\x1b");
  refused("a: |\n  one\n\n  two\n", "several paragraphs");
  refused("a: [x\n", "texts.yaml:");
  REQUIRE_THROWS_MATCHES(GivenTexts("a", " "), Error, FailsWith(ExitCode::usage, "--text: an empty text"));
}

}  // namespace
}  // namespace phatgoose
