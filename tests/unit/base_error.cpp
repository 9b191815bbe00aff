#include <catch2/catch.hpp>

#include "phatgoose/base/error.h"

using namespace phatgoose;

TEST_CASE("an error is one line that says where, what, what was expected and what to do") {
  const Error error(
      ExitCode::bad_data,
      {.where = "rows.jsonl:17", .found = "no \"target\"", .expected = "a string", .hint = "every row\nneeds one"});
  CHECK(error.code() == ExitCode::bad_data);
  CHECK(std::string(error.what()) == "rows.jsonl:17: no \"target\"; expected a string (every row\\nneeds one)");
}
