#include <catch2/catch.hpp>

#include "phatgoose/base/error.h"

#include "support/expect_error.h"

using namespace phatgoose;
using test::error_of;

TEST_CASE("an error is one line that says where, what, what was expected and what to do") {
  const Error error(
      ExitCode::bad_data,
      {.where = "rows.jsonl:17", .found = "no \"target\"", .expected = "a string", .hint = "every row\nneeds one"});
  CHECK(error.code() == ExitCode::bad_data);
  CHECK(std::string(error.what()) == "rows.jsonl:17: no \"target\"; expected a string (every row\\nneeds one)");
}

TEST_CASE("an error gets its place where it passes, from the inside out") {
  const auto read = [](const std::string& where) {
    return error_of(ExitCode::bad_data, [&] { in("a.json", [&] { in("b", [&] { refuse(where, "c"); }); }); });
  };
  CHECK(read("") == "a.json: b: c");
  CHECK(read("d") == "a.json: b: d: c");
  CHECK(read(":3: column 5") == "a.json: b:3: column 5: c");
  CHECK(error_of(ExitCode::bad_data, [] { in("", [] { refuse_here("c", "d", "e"); }); }) == "c; expected d (e)");
  CHECK(in("a.json", [] { return 7; }) == 7);
  int value = 1;
  in("a.json", [&]() -> int& { return value; }) = 2;
  CHECK(value == 2);
}

TEST_CASE("a mistake in settings is bad data where they stand in a file of data") {
  const auto refuse_k = [] { refuse_usage("", "k 0", "1 or more"); };
  CHECK(error_of(ExitCode::usage, [&] { in("--k", refuse_k); }) == "--k: k 0; expected 1 or more");
  CHECK(error_of(ExitCode::bad_data, [&] { in_data("methods.yaml:3", refuse_k); }) ==
        "methods.yaml:3: k 0; expected 1 or more");
  CHECK(error_of(ExitCode::diverged, [] {
          in_data("methods.yaml", [] { fail(ExitCode::diverged, {.found = "NaN"}); });
        }) == "methods.yaml: NaN");
  CHECK(in_data("methods.yaml", [] { return 7; }) == 7);
}

TEST_CASE("what the system refuses is told with its reason") {
  CHECK(error_of(ExitCode::cannot_finish, [] {
          errno = ENOSPC;
          fail_io("out/a", "write");
        }) == "out/a: cannot write: No space left on device");
  CHECK(error_of(ExitCode::bad_data, [] { fail_io("a", "open", ExitCode::bad_data, ENOENT); }) ==
        "a: cannot open: No such file or directory");
}
