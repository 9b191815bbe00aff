// inspect of files of rows.
#include "phatgoose/report/row_check.h"

#include <catch2/catch.hpp>

#include "phatgoose/report/inspection.h"
#include "phatgoose/text/tokenizer.h"
#include "support/expect_error.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/gzip.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;
using test::write_text;

constexpr const char* kRows =
    "{\"input\": \"the sea\", \"target\": \"wall\", \"choices\": [\"wall\", \"caf\u00e9\"], \"id\": \"a\", \"note\": "
    "1}\n"
    "\n"
    "{\"input\": \"the wall\", \"target\": \"sea\", \"choices\": [\"wall\"], \"id\": \"a\", \"template\": \"t\"}\n"
    "{\"input\": \"sea\", \"target\": \"\"}\n";
constexpr const char* kBadRows =
    "{\"input\": \"sea\"}\n"
    "{\"input\": \"sea\" \"target\": \"\"}\n";

/// The entry of a part in a unit.
Json lengths_of(const Json& found, const std::string& part, const std::string& unit) {
  for (const Json& entry : found.at("lengths")) {
    if (entry.at("of") == part && entry.at("unit") == unit) return entry;
  }
  return nullptr;
}

TEST_CASE("inspect counts the rows of a file, plain or compressed, and measures them") {
  const ScratchDirectory scratch;
  write_text(scratch / "rows.jsonl", kRows);
  test::write_gzip(scratch / "rows.jsonl.gz", kRows);
  for (const char* name : {"rows.jsonl", "rows.jsonl.gz"}) {
    const Json found = inspect_directories({scratch / name}, false, false);
    CHECK(found["kind"] == "rows");
    CHECK(found["rows"] == 3);
    CHECK(found["examples"] == 2);
    CHECK(found["templates"] == 1);
    CHECK(found["with"] ==
          Json({{"choices", 2}, {"choices_without_target", 1}, {"id", 2}, {"template", 1}, {"token_ids", 0}}));
    CHECK(found["unknown_keys"] == Json::array({"note"}));
    CHECK(found["bad_rows"] == 0);
    CHECK_FALSE(has_bad_rows(found));
    const Json input = lengths_of(found, "input", "characters"), choice = lengths_of(found, "choice", "characters");
    CHECK(input["min"] == 3);
    CHECK(input["max"] == 8);
    CHECK(input["mean"] == 6.0);
    CHECK(choice["max"] == 4);
    CHECK(lengths_of(found, "input", "tokens").is_null());
    CHECK_THAT(inspection_text(found),
               Catch::Contains("\nbad rows      0\n") && Catch::Contains("\ninput      characters    3   6.0    8\n"));
  }
}

TEST_CASE("inspect counts tokens with a base's tokenizer, and those of rows of ids without one") {
  const ScratchDirectory scratch;
  write_text(scratch / "rows.jsonl", kRows);
  expect_bad_data([&] { inspect_rows(scratch / "rows.jsonl", {.model = golden_path("t5_v1_1/model")}); },
                  {"without tokenizer"});
  const fs::path base = fs::path(PHATGOOSE_TESTS_DIR) / "../assets/base";
  const Json found = inspect_rows(scratch / "rows.jsonl", {.model = base});
  const Tokenizer tokenizer(base);
  CHECK(lengths_of(found, "input", "tokens")["max"] ==
        std::max(tokenizer.encode("the sea").size(), tokenizer.encode("the wall").size()) + 1);
  CHECK(lengths_of(found, "target", "tokens")["min"] == 1);

  write_text(scratch / "ids.jsonl", R"({"input_ids": [5, 6, 1], "target_ids": [7, 1], "choices_ids": [[7, 1], [1]]})");
  const Json ids = inspect_rows(scratch / "ids.jsonl", {});
  CHECK(ids["with"]["token_ids"] == 1);
  CHECK(lengths_of(ids, "input", "tokens")["mean"] == 3.0);
  CHECK(lengths_of(ids, "choice", "tokens")["min"] == 1);
  CHECK(lengths_of(ids, "input", "characters").is_null());
}

TEST_CASE("inspect names every bad row by line and column, and what is right of the rest") {
  const ScratchDirectory scratch;
  write_text(scratch / "rows.jsonl", std::string(kRows) + kBadRows);
  const Json found = inspect_directories({scratch / "rows.jsonl"}, false, false);
  CHECK(found["rows"] == 3);
  CHECK(found["bad_rows"] == 2);
  CHECK(has_bad_rows(found));
  CHECK(found["bad"][0]["line"] == 5);
  CHECK(found["bad"][1]["line"] == 6);
  const std::string text = inspection_text(found);
  CHECK_THAT(text, Catch::Contains("rows.jsonl:5: no \"target\"") && Catch::Contains("rows.jsonl:6: column "));

  std::string many;
  for (std::size_t i = 0; i < kListedBadRows + 7; ++i) many += "[]\n";
  write_text(scratch / "bad.jsonl", many);
  const Json all = inspect_directories({scratch / "bad.jsonl", golden_path("experts/wide")}, false, false);
  CHECK(has_bad_rows(all));
  CHECK(all["directories"][0]["bad"].size() == kListedBadRows);
  CHECK_THAT(inspection_text(all), Catch::Contains("bad.jsonl: 7 more bad rows\n"));
}

TEST_CASE("inspect refuses files without rows, and options that do not fit") {
  const ScratchDirectory scratch;
  write_text(scratch / "empty.jsonl", "\n");
  write_text(scratch / "rows.jsonl", kRows);
  expect_bad_data([&] { inspect_rows(scratch / "empty.jsonl", {}); }, {"empty.jsonl", "no rows"});
  CHECK_THROWS_MATCHES(inspect_directories({scratch / "rows.jsonl"}, true, false), Error,
                       FailsWith(ExitCode::usage, "--verify", "rows.jsonl, a file"));
  CHECK_THROWS_MATCHES(inspect_directories({golden_path("experts/wide")}, false, false, {.model = "base"}), Error,
                       FailsWith(ExitCode::usage, "--model", "no file of rows"));
}

}  // namespace
}  // namespace phatgoose
