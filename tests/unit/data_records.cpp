#include "phatgoose/data/records.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/golden.h"
#include "support/gzip.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;
using test::write_text;

using Indices = std::vector<std::int64_t>;

Record record_of(const std::string& json) {
  return in("rows.jsonl:7", [&] { return parse_record(json); });
}

TEST_CASE("rows of text are read with all their fields") {
  const ScratchDirectory scratch;
  const std::string text =
      R"({"input": "Is it?", "target": "Yes", "choices": ["No", "Yes"], "id": "set/3", "template": "plain", "task": "ask"}

{"target": "", "input": "", "id": 12, "choices": null}
{"input": "Name one.", "targets": ["red", "blue"]}
)";
  write_text(scratch / "rows.jsonl", text);
  test::write_gzip(scratch / "rows.jsonl.gz", text);
  for (const char* name : {"rows.jsonl", "rows.jsonl.gz"}) {
    const std::vector<Record> records = read_records(scratch / name);
    REQUIRE(records.size() == 3);
    CHECK(records[0].input == "Is it?");
    CHECK(records[0].target == "Yes");
    CHECK(records[0].choices == std::vector<std::string>{"No", "Yes"});
    CHECK(records[0].id == "set/3");
    CHECK(records[0].template_name == "plain");
    CHECK(records[0].task == "ask");
    CHECK(records[1].task.empty());
    CHECK(records[0].line == 1);
    CHECK(records[1].line == 3);
    CHECK(records[1].id == "12");
    CHECK_FALSE(records[1].has_choices());
    CHECK(records[2].target == "red");
    CHECK(records[2].id == std::string(name) + ":4");
  }
}

TEST_CASE("rows of ids are read as they are") {
  const Record record = record_of(R"({"input_ids": [5, 6, 1], "target_ids": [8], "choices_ids": [[7, 1], [8]]})");
  CHECK(record.has_ids());
  CHECK(record.input_ids == TokenIds{5, 6, 1});
  CHECK(record.target_ids == TokenIds{8});
  CHECK(right_choices(record) == Indices{1});
}

TEST_CASE("keys of other origin are ignored and collected") {
  std::set<std::string> unknown;
  const Record record = parse_record(R"({"input": "a", "target": "b", "source": {"x": 1}, "idx": 4})", true, &unknown);
  CHECK(record.target == "b");
  CHECK(unknown == std::set<std::string>{"idx", "source"});
}

TEST_CASE("the experts of a row's words are read, and are no keys of other origin") {
  std::set<std::string> unknown;
  const Record record = parse_record(
      R"({"input": "ab", "target": "c", "input_experts": [["a", "x"], ["b", "y"]], "answer_experts": ["x"]})", true,
      &unknown);
  REQUIRE(record.input_experts.size() == 2);
  CHECK(record.input_experts[1].text == "b");
  CHECK(record.input_experts[1].expert == "y");
  CHECK(record.answer_experts == std::vector<std::string>{"x"});
  CHECK(unknown.empty());
  CHECK(record_of(R"({"input": "ab", "target": "c", "answer_experts": null})").answer_experts.empty());
}

TEST_CASE("an input alone is a row where no target is needed") {
  CHECK(parse_record(R"({"input": "a"})", false).input == "a");
  CHECK(parse_record(R"({"input_ids": [3]})", false).target_ids.empty());
  CHECK_THROWS_MATCHES(parse_record(R"({"target": "a"})", false), Error, FailsWith(ExitCode::bad_data, "no \"input\""));
}

TEST_CASE("a bad row is an error that names its line") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"input": "a")", "f.jsonl:2: column 14: invalid JSON: unexpected end of input; expected '}'"},
      {R"({"input": "a", "target": "b"} x)", "f.jsonl:2"},
      {R"({"input": "a", "input": "b", "target": "c"})", "duplicate key"},
      {R"(["a", "b"])", "a JSON array"},
      {R"("a")", "a JSON string"},
      {R"({"target": "b"})", "no \"input\""},
      {R"({"input": "a"})", "no \"target\""},
      {R"({"input": 3, "target": "b"})", "\"input\" is 3"},
      {R"({"input": "a", "target": ["b"]})", "\"target\" is"},
      {R"({"input": "a", "target": "b", "choices": "b"})", "\"choices\" is"},
      {R"({"input": "a", "target": "b", "choices": ["b", 2]})", "\"choices\" is"},
      {R"({"input": "a", "target": "b", "id": 1.5})", "\"id\" is 1.5"},
      {R"({"input": "a", "target": "b", "template": 1})", "\"template\" is 1"},
      {R"({"input": "a", "target": "b", "task": 1})", "\"task\" is 1"},
      {R"({"input": "a", "target": "b", "input_experts": ["a", "x"]})", "\"input_experts\" is"},
      {R"({"input": "a", "target": "b", "input_experts": [["a"]]})", "a list of 1 in \"input_experts\""},
      {R"({"input": "a", "target": "b", "input_experts": [["a", 1]]})", "\"input_experts\" is"},
      {R"({"input": "a", "target": "b", "answer_experts": "x"})", "\"answer_experts\" is"},
      {R"({"input_ids": [1], "target_ids": [2], "answer_experts": ["x"]})", "\"answer_experts\" and \"input_ids\""},
      {R"({"input": "a", "target_ids": [1]})", "\"input\" and \"target_ids\""},
      {R"({"input_ids": [1], "target_ids": [2], "choices": ["a"]})", "\"choices\" and \"input_ids\""},
      {R"({"input_ids": [1]})", "no \"target_ids\""},
      {R"({"input_ids": [], "target_ids": [1]})", "empty \"input_ids\""},
      {R"({"input_ids": [1], "target_ids": []})", "empty \"target_ids\""},
      {R"({"input_ids": [1], "target_ids": [1], "choices_ids": [[1], []]})", "\"choices_ids\""},
      {R"({"input_ids": [1.5], "target_ids": [1]})", "\"input_ids\" is"},
      {R"({"input_ids": [99999999999], "target_ids": [1]})", "\"input_ids\" is"},
      {"{\"input\": \"\xFF\", \"target\": \"b\"}", "f.jsonl:2"},
  };
  const ScratchDirectory scratch;
  for (const auto& [row, words] : cases) {
    write_text(scratch / "f.jsonl", "{\"input\": \"fine\", \"target\": \"fine\"}\n" + row + "\n");
    INFO(row);
    CHECK_THROWS_MATCHES(read_records(scratch / "f.jsonl"), Error, FailsWith(ExitCode::bad_data, "f.jsonl:2", words));
  }
}

TEST_CASE("bad rows can be told one by one, and those behind them are read") {
  const std::string good = R"({"input": "a", "target": "b"})";
  const std::string long_row = R"({"input": ")" + std::string(300000, 'x') + R"(", "target": "b"})";
  const std::vector<std::string> lines = {
      good,    R"({"input": "a")", "{\"input\": \"\xE4\"}", good, long_row, R"({"target": "b"})", "", long_row, good,
      long_row};
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  text.pop_back();  // the last line lacks its end
  const ScratchDirectory scratch;
  write_text(scratch / "f.jsonl", text);
  test::write_gzip(scratch / "f.jsonl.gz", text);
  for (const char* name : {"f.jsonl", "f.jsonl.gz"}) {
    std::vector<BadRow> bad;
    RecordReader reader(scratch / name, 100, [&](const BadRow& row) { bad.push_back(row); });
    std::vector<std::int64_t> rows;
    for (Record record; reader.next(record);) rows.push_back(record.line);
    CHECK(rows == std::vector<std::int64_t>{1, 4, 9});
    REQUIRE(bad.size() == 6);
    CHECK(bad[0].line == 2);
    CHECK(bad[0].message == "column 14: invalid JSON: unexpected end of input; expected '}'");
    CHECK(bad[1].line == 3);
    CHECK(bad[1].message.starts_with("column 12: the byte 0xE4; expected UTF-8 text"));
    CHECK(bad[2].line == 5);
    CHECK(bad[2].message.starts_with("a line of more than 100 bytes"));
    CHECK(bad[3].line == 6);
    CHECK(bad[3].message == "no \"input\"; expected a string");
    CHECK(bad[4].line == 8);
    CHECK(bad[5].line == 10);
  }
}

TEST_CASE("bad rows are skipped where that is wanted, counted, and the first of them named") {
  const ScratchDirectory scratch;
  std::string text = "{\"input\": \"a\", \"target\": \"b\"}\n";
  for (int i = 0; i < 5; ++i) text += "{}\n";
  write_text(scratch / "f.jsonl", text);
  SkippedRows skipped;
  std::vector<Record> records;
  const std::string said =
      test::stderr_of([&] { records = read_records(scratch / "f.jsonl", kMaxLineBytes, &skipped); });
  CHECK(records.size() == 1);
  CHECK(skipped.count() == 5);
  const std::string file = scratch / "f.jsonl";
  CHECK(said == "warning: " + file + ": 5 bad rows were skipped; the first 3:\n" +  //
                    "warning: " + file + ":2: no \"input\"; expected a string\n" +  //
                    "warning: " + file + ":3: no \"input\"; expected a string\n" +  //
                    "warning: " + file + ":4: no \"input\"; expected a string\n");
  write_text(scratch / "none.jsonl", "{}\n");
  SkippedRows all;
  CHECK_THROWS_MATCHES(read_records(scratch / "none.jsonl", kMaxLineBytes, &all), Error,
                       FailsWith(ExitCode::bad_data, "none.jsonl", "no rows"));
}

TEST_CASE("what is wrong with a file is an error even where bad rows are skipped") {
  const ScratchDirectory scratch;
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "{\"input\": \"" + std::to_string(i * 7919) + "\", \"target\": \"b\"}\n";
  test::write_gzip(scratch / "whole.jsonl.gz", text);
  const std::string whole = test::read_text(scratch / "whole.jsonl.gz");
  write_text(scratch / "f.jsonl.gz", whole.substr(0, whole.size() / 2));
  SkippedRows skipped;
  CHECK_THROWS_AS(read_records(scratch / "f.jsonl.gz", kMaxLineBytes, &skipped), Error);
}

TEST_CASE("a file without rows is an error") {
  const ScratchDirectory scratch;
  write_text(scratch / "empty.jsonl", " \n\n");
  CHECK_THROWS_MATCHES(read_records(scratch / "empty.jsonl"), Error,
                       FailsWith(ExitCode::bad_data, "empty.jsonl", "no rows"));
  CHECK_THROWS_MATCHES(read_records(scratch / "none.jsonl"), Error, FailsWith(ExitCode::bad_data, "none.jsonl"));
}

TEST_CASE("right choices are those equal to the target after strip, or to any of the targets") {
  CHECK(right_choices(record_of(R"({"input": "", "target": " Yes\n", "choices": ["No", "Yes", "\u00a0Yes"]})")) ==
        Indices{1, 2});
  CHECK(right_choices(record_of(R"({"input": "", "target": "a", "targets": ["b"], "choices": ["b", "c", "a"]})")) ==
        Indices{0, 2});
  CHECK_THROWS_MATCHES(right_choices(record_of(R"({"input": "", "target": "yes", "choices": ["No", "Yes"]})")), Error,
                       FailsWith(ExitCode::bad_data, "no choice equals the target \"yes\""));
  CHECK_THROWS_MATCHES(right_choices(record_of(R"({"input": "", "target": "yes"})")), Error,
                       FailsWith(ExitCode::bad_data, "no choices"));
}

TEST_CASE("a byte-order mark, at the start of a file or where files were joined, is no part of a row") {
  const ScratchDirectory scratch;
  const std::string mark(kByteOrderMark), row = R"({"input": "a", "target": "b"})";
  const std::string text = mark + row + "\r\n" + mark + "\r\n" + mark + row;
  write_text(scratch / "rows.jsonl", text);
  test::write_gzip(scratch / "rows.jsonl.gz", text);
  for (const char* name : {"rows.jsonl", "rows.jsonl.gz"}) {
    const std::vector<Record> records = read_records(scratch / name);
    REQUIRE(records.size() == 2);
    CHECK(records[0].target == "b");
    CHECK(records[1].line == 3);
  }
}

TEST_CASE("rows in other encodings, or longer than admitted, are refused with their place") {
  const ScratchDirectory scratch;
  const std::string row = R"({"input": "a", "target": "b"})";
  const auto refused = [&](const std::string& text, const std::string& where, const std::string& found) {
    write_text(scratch / "f.jsonl", text);
    CHECK_THROWS_MATCHES(read_records(scratch / "f.jsonl", 40), Error, FailsWith(ExitCode::bad_data, where, found));
  };
  refused(row + "\n{\"input\": \"a\", \"target\": \"\xE4\"}\n", "f.jsonl:2: column 27", "0xE4");
  refused(row + "\n{\"input\": \"a\", \"target\": \"" + std::string(1, '\0') + "\"}\n", "f.jsonl:2: column 27", "0x00");
  refused(std::string("\xFF\xFE{\0", 4), "f.jsonl", "UTF-16 text");
  refused(std::string("{\0\"\0", 4), "f.jsonl", "UTF-16LE text");
  refused(row + "\n\n" + row + std::string(20, ' '), "f.jsonl:3", "a line of more than 40 bytes");
}

}  // namespace
}  // namespace phatgoose
