#include "phatgoose/data/descriptions.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;
using test::write_text;

TEST_CASE("a row's own description counts before its task's") {
  const ScratchDirectory scratch;
  write_text(scratch / "d.jsonl",
             "{\"task\": \"a\", \"text\": \"of a\"}\n\n{\"task\": \"a\", \"row\": 3, \"text\": \"of row 3\"}\n"
             "{\"task\": \"b\", \"row\": 0, \"text\": \"Über Züge.\", \"source\": \"given\"}\n");
  const Descriptions descriptions = Descriptions::read(scratch / "d.jsonl");
  CHECK(descriptions.of("a", 3) == "of row 3");
  CHECK(descriptions.of("a", 2) == "of a");
  CHECK(descriptions.of("b", 0) == "Über Züge.");
  CHECK(descriptions.find("b") == nullptr);
  const std::string path = (scratch / "d.jsonl").string();
  REQUIRE_THROWS_MATCHES(descriptions.of("b", 1), Error,
                         FailsWith(ExitCode::bad_data, path + ": no description of row 1 of task \"b\"",
                                   "phatgoose describe --source rule --suite SUITE --tasks b --out " + path));
}

TEST_CASE("descriptions come back as they were written, one for each task and row") {
  const ScratchDirectory scratch;
  Descriptions descriptions;
  descriptions.put({.task = "b", .row = 1, .text = "old"});
  descriptions.put({.task = "a",
                    .text = "of \"a\"",
                    .source = "model",
                    .model = "m",
                    .prompt = "p\nq",
                    .examples = {"x", "y"},
                    .made_from = "0123"});
  descriptions.put({.task = "b", .row = 1, .text = "new", .source = "rule"});
  descriptions.write(scratch / "d.jsonl");
  CHECK(test::read_text(scratch / "d.jsonl") ==
        "{\"task\":\"b\",\"row\":1,\"text\":\"new\",\"source\":\"rule\"}\n"
        "{\"task\":\"a\",\"text\":\"of \\\"a\\\"\",\"source\":\"model\",\"model\":\"m\",\"prompt\":\"p\\nq\","
        "\"examples\":[\"x\",\"y\"],\"made_from\":\"0123\"}\n");
  const Descriptions again = Descriptions::read(scratch / "d.jsonl");
  REQUIRE(again.all().size() == 2);
  const Description& a = *again.find("a");
  CHECK(a.prompt == "p\nq");
  CHECK(a.examples == std::vector<std::string>{"x", "y"});
  CHECK(a.model + a.source + a.made_from == "mmodel0123");
}

TEST_CASE("a line that describes nothing is refused at its place") {
  const ScratchDirectory scratch;
  const auto refused = [&](const std::string& line, const std::string& found) {
    write_text(scratch / "d.jsonl", "{\"task\": \"a\", \"text\": \"of a\"}\n" + line + "\n");
    CAPTURE(line);
    CHECK_THROWS_MATCHES(Descriptions::read(scratch / "d.jsonl"), Error,
                         FailsWith(ExitCode::bad_data, "d.jsonl:2", found));
  };
  refused("[]", "a JSON array");
  refused("{\"task\": \"b\"", "column");
  refused(R"({"text": "t"})", "no \"task\"");
  refused(R"({"task": "b"})", "no \"text\"");
  refused(R"({"task": "b", "text": " "})", "an empty \"text\"");
  refused(R"({"task": "b", "text": 3})", "\"text\"");
  refused(R"({"task": "b", "text": "t", "row": -1})", "the row -1");
  refused(R"({"task": "b", "text": "t", "row": "1"})", "\"row\"");
  refused(R"({"task": "b", "text": "t", "examples": "e"})", "\"examples\"");
  refused(R"({"task": "b", "text": "t", "modell": "m"})", "did you mean model?");
  refused(R"({"task": "a", "text": "t"})", "a second description of task \"a\"");
  refused("{\"task\": \"b\", \"text\": \"\xff\"}", "column");
}

}  // namespace
}  // namespace phatgoose
