// Checks of errors: REQUIRE_THROWS_MATCHES(call(), Error, FailsWith(ExitCode::bad_data, "rows.jsonl:3", "no
// \"input\""))
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "phatgoose/base/error.h"

namespace phatgoose::test {

/// Matches an Error with this exit code whose one-line text contains every one of `parts`.
class FailsWith : public Catch::MatcherBase<Error> {
 public:
  template <typename... Parts>
  explicit FailsWith(ExitCode code, Parts... parts) : code_(code), parts_{std::string(parts)...} {}

  bool match(const Error& error) const override {
    const std::string text = error.what();
    if (error.code() != code_ || text.find('\n') != std::string::npos) return false;
    for (const std::string& part : parts_) {
      if (text.find(part) == std::string::npos) return false;
    }
    return true;
  }

  std::string describe() const override {
    std::string text = "has exit code " + std::to_string(static_cast<int>(code_)) + " and says";
    for (const std::string& part : parts_) text += " \"" + part + "\"";
    return text;
  }

 private:
  ExitCode code_;
  std::vector<std::string> parts_;
};

}  // namespace phatgoose::test

/// Errors print as exit code and text when a check fails.
template <>
struct Catch::StringMaker<phatgoose::Error> {
  static std::string convert(const phatgoose::Error& error) {
    return "exit code " + std::to_string(static_cast<int>(error.code())) + ": " + error.what();
  }
};
