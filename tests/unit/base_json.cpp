#include "phatgoose/base/json.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using phatgoose::test::FailsWith;

Json parsed(std::string_view text, const std::string& file) {
  return in(file, [&] { return parse_json(text); });
}
Json parsed_line(std::string_view line, const std::string& place) {
  return in(place, [&] { return parse_json_line(line); });
}

TEST_CASE("json keeps the order of keys and the types of values") {
  const Json value = parsed(R"({"b": [1, -2, 2.5, "x", null, true], "a": {"c": {}}, "d": [[]]})", "here");
  REQUIRE(value.dump() == R"({"b":[1,-2,2.5,"x",null,true],"a":{"c":{}},"d":[[]]})");
  REQUIRE(parsed("3", "here") == 3);
}

TEST_CASE("json refuses a duplicate key and says where") {
  REQUIRE_THROWS_MATCHES(parsed("{\"a\": 1,\n \"a\": 2}", "f.json"), Error,
                         FailsWith(ExitCode::bad_data, "f.json:2:", "duplicate key \"a\""));
  REQUIRE_THROWS_MATCHES(parsed(R"({"x": [{"a": 1, "b": 0, "a": 2}]})", "f"), Error,
                         FailsWith(ExitCode::bad_data, "duplicate key \"a\""));
  REQUIRE_NOTHROW(parsed(R"([{"a": 1}, {"a": {"a": 2}}])", "f"));
}

TEST_CASE("json refuses a duplicate key among many") {
  std::string members;
  for (int i = 0; i < 30000; ++i) members += "\"key" + std::to_string(i) + "\": " + std::to_string(i) + ",\n";
  const Json many = parsed("{" + members + "\"last\": {\"key0\": 7}}", "f.json");
  CHECK(many.size() == 30001);
  CHECK(many.at("key29999") == 29999);
  CHECK(many.at("last").at("key0") == 7);
  for (const char* key : {"key0", "key31", "key32", "key29999"}) {
    REQUIRE_THROWS_MATCHES(parsed("{" + members + "\"" + key + "\": 0}", "f.json"), Error,
                           FailsWith(ExitCode::bad_data, "f.json:30001:", key));
  }
}

TEST_CASE("json refuses broken text with line and column") {
  REQUIRE_THROWS_MATCHES(parsed("{\"a\": 1,\n  tru}", "f.json"), Error,
                         FailsWith(ExitCode::bad_data, "f.json:2: column 6: invalid JSON: invalid literal"));
  REQUIRE_THROWS_MATCHES(parsed("", "f.json"), Error,
                         FailsWith(ExitCode::bad_data, "f.json:1: column 1: invalid JSON: "));
  REQUIRE_THROWS_MATCHES(parsed("{} {}", "f.json"), Error, FailsWith(ExitCode::bad_data, "f.json:1: column 4"));
  REQUIRE_THROWS_MATCHES(parsed("[1e999]", "f.json"), Error, FailsWith(ExitCode::bad_data, "f.json:1:", "1e999"));
  REQUIRE_THROWS_MATCHES(parsed("\"\xff\"", "f.json"), Error, FailsWith(ExitCode::bad_data, "f.json:1: column 2"));
  REQUIRE_THROWS_MATCHES(parsed("[1, 2", "f.json"), Error, FailsWith(ExitCode::bad_data, "f.json:1:"));
}

TEST_CASE("json of one line is refused with its column, and a long string in it is not repeated") {
  REQUIRE(parsed_line("{\"a\": 1}", "f.jsonl:7").at("a") == 1);
  REQUIRE_THROWS_MATCHES(parsed_line("{\"a\": 1", "f.jsonl:7"), Error,
                         FailsWith(ExitCode::bad_data, "f.jsonl:7: column 8: invalid JSON: unexpected end of input"));
  REQUIRE_THROWS_MATCHES(parsed_line("{\"a\": 1, \"a\": 2}", "f.jsonl:7"), Error,
                         FailsWith(ExitCode::bad_data, "f.jsonl:7: column 12: duplicate key"));
  try {
    parsed_line("{\"a\": \"" + std::string(10000, 'x') + "\\q\"}", "f.jsonl:7");
    FAIL("no error");
  } catch (const Error& error) {
    const std::string what = error.what();
    INFO(what);
    CHECK(what == "f.jsonl:7: column 10009: invalid JSON: invalid string: forbidden character after backslash");
  }
}

TEST_CASE("json refuses nesting that would exhaust the stack") {
  REQUIRE_NOTHROW(parsed(std::string(200, '[') + std::string(200, ']'), "f"));
  REQUIRE_THROWS_MATCHES(parsed(std::string(100000, '['), "f"), Error,
                         FailsWith(ExitCode::bad_data, "nesting too deep"));
}

TEST_CASE("json_get reads what fits and refuses the rest") {
  const Json object = parsed(R"({"i": 7, "big": 3000000000, "neg": -1, "r": 0.5, "s": "t", "l": ["a", "b"],
                                     "mixed": ["a", 1], "null": null, "flag": true})",
                             "f");
  REQUIRE(json_get<int>(object, "i") == 7);
  REQUIRE(json_get<double>(object, "i") == 7.0);
  REQUIRE(json_get<std::int64_t>(object, "big") == 3000000000);
  REQUIRE(json_get<double>(object, "r") == 0.5);
  REQUIRE(json_get<std::string>(object, "s") == "t");
  REQUIRE(json_get<bool>(object, "flag"));
  REQUIRE(json_get<std::vector<std::string>>(object, "l") == std::vector<std::string>{"a", "b"});

  REQUIRE_THROWS_MATCHES(json_get<int>(object, "big"), Error, FailsWith(ExitCode::bad_data, "\"big\" is 3000000000"));
  REQUIRE_THROWS_MATCHES(json_get<std::uint32_t>(object, "neg"), Error, FailsWith(ExitCode::bad_data, "-1"));
  REQUIRE_THROWS_MATCHES(json_get<int>(object, "r"), Error, FailsWith(ExitCode::bad_data, "an integer"));
  REQUIRE_THROWS_MATCHES(json_get<int>(object, "flag"), Error, FailsWith(ExitCode::bad_data, "\"flag\" is true"));
  REQUIRE_THROWS_MATCHES(json_get<std::string>(object, "i"), Error, FailsWith(ExitCode::bad_data, "a string"));
  REQUIRE_THROWS_MATCHES(json_get<std::vector<std::string>>(object, "mixed"), Error,
                         FailsWith(ExitCode::bad_data, "a list, each element a string"));
  REQUIRE_THROWS_MATCHES(json_get<int>(object, "none"), Error, FailsWith(ExitCode::bad_data, "no \"none\""));
  REQUIRE_THROWS_MATCHES(json_get<int>(Json(3), "x"), Error, FailsWith(ExitCode::bad_data, "a JSON number"));
}

TEST_CASE("json_get_or falls back on a missing or null member only") {
  const Json object = parsed(R"({"i": 7, "null": null})", "f");
  REQUIRE(json_get_or<int>(object, "i", 1) == 7);
  REQUIRE(json_get_or<int>(object, "null", 1) == 1);
  REQUIRE(json_get_or<int>(object, "none", 1) == 1);
  REQUIRE_THROWS_AS(json_get_or<std::string>(object, "i", "x"), Error);
}

TEST_CASE("json for a terminal says the same without acting on it") {
  const Json value = {{"a\x1b\u009b", "\u202e\x7f\n\ufeff"}, {"b", {1, "G\u00e4nse \u4e2d"}}};
  const std::string line = json_text(value);
  CHECK(line == R"({"a\u001b\u009b":"\u202e\u007f\n\ufeff","b":[1,"G)"
                "\u00e4nse \u4e2d"
                R"("]})");
  CHECK(parsed(line, "here") == value);
  CHECK(parsed(json_text(value, 2), "here") == value);
  CHECK(json_text(value, 2).starts_with("{\n  \"a"));
}

TEST_CASE("a byte-order mark before a document is no part of it") {
  const test::ScratchDirectory directory;
  test::write_text(directory / "a.json", "\xEF\xBB\xBF{\"k\": [1]}\r\n");
  CHECK(read_json(directory / "a.json")["k"][0] == 1);
  test::write_text(directory / "b.json", std::string_view("\xFF\xFE{\0}\0", 6));
  REQUIRE_THROWS_MATCHES(read_json(directory / "b.json"), Error, FailsWith(ExitCode::bad_data, "b.json", "UTF-16"));
}

TEST_CASE("read_json names the file") {
  const test::ScratchDirectory directory;
  const std::string path = directory / "a.json";
  test::write_text(path, "{\"k\": [1]}");
  REQUIRE(read_json(path)["k"][0] == 1);
  REQUIRE_THROWS_MATCHES(read_json(path + ".none"), Error,
                         FailsWith(ExitCode::bad_data, "a.json.none", "No such file"));
}
