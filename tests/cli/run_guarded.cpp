// How a command's main turns what is thrown into a line and an exit code.
#include <catch2/catch.hpp>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "run_command.h"
#include "support/stderr_of.h"

using namespace phatgoose;

namespace {

/// Runs a body that throws `thrown`; the exit code, a space, and what stderr got.
template <typename T>
std::string reported(const T& thrown) {
  int code = 0;
  const std::string line = test::stderr_of([&] { code = run_guarded("cook", [&]() -> ExitCode { throw thrown; }); });
  return std::to_string(code) + " " + line;
}

}  // namespace

TEST_CASE("everything thrown becomes one line and the right exit code") {
  const Error bad_data(ExitCode::bad_data, {.where = "a.json", .found = "no \"x\"", .expected = "", .hint = ""});
  CHECK(reported(bad_data) == "3 phatgoose cook: error: a.json: no \"x\"\n");
  const Error stopped(ExitCode::stopped,
                      {.where = "step 7", .found = "stopped after saving", .expected = "", .hint = ""});
  CHECK(reported(stopped) == "75 phatgoose cook: step 7: stopped after saving\n");
  CHECK(reported(std::bad_alloc()) == "1 phatgoose cook: error: out of memory\n");
  CHECK(reported(std::runtime_error("CUDA out of memory. Tried to\nat frame 1")) ==
        "1 phatgoose cook: error: CUDA out of memory. Tried to\n");
  CHECK_THAT(reported(std::filesystem::filesystem_error("cannot copy", std::make_error_code(std::errc::io_error))),
             Catch::StartsWith("1 phatgoose cook: error: ") && Catch::Contains("cannot copy"));
  CHECK(reported(std::logic_error("index 5\nat frame 1")) ==
        "70 phatgoose cook: error: this is a bug of phatgoose, please report it: index 5\n");
  CHECK_THAT(reported(3), Catch::StartsWith("70 phatgoose cook: error: ") && Catch::Contains("unknown exception"));
}

TEST_CASE("a body that returns decides the exit code and says nothing") {
  int code = 0;
  CHECK(test::stderr_of([&] { code = run_guarded("cook", [] { return ExitCode::stopped; }); }).empty());
  CHECK(code == 75);
  CHECK(test::stderr_of([&] { code = run_guarded("cook", [] { return ExitCode::done; }); }).empty());
  CHECK(code == 0);
}
