// Expectations on the one error type: which exit code, and which words in its line.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "phatgoose/base/error.h"

namespace phatgoose::test {

/// The line of the Error that `action` throws with `code`; fails the test when it throws none or another.
template <typename Action>
std::string error_of(ExitCode code, Action&& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  FAIL("no error was thrown");
  return {};
}

/// `action` must throw a bad_data error whose line holds each of `words`.
template <typename Action>
void expect_bad_data(Action&& action, const std::vector<std::string>& words) {
  const std::string line = error_of(ExitCode::bad_data, action);
  for (const std::string& word : words) CHECK_THAT(line, Catch::Contains(word));
}

}  // namespace phatgoose::test
