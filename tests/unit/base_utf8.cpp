#include "phatgoose/base/utf8.h"

#include <catch2/catch.hpp>

#include "phatgoose/base/log.h"
#include "phatgoose/base/text_file.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

using namespace phatgoose;
using phatgoose::test::FailsWith;

TEST_CASE("what would act on a terminal is written out") {
  CHECK(printable("red \x1b[31m, \x07, \x7f") == R"(red \x1b[31m, \x07, \x7f)");
  CHECK(printable("a\nb\r\tc") == R"(a\nb\r\tc)");
  CHECK(printable(std::string_view("a\0b", 3)) == R"(a\x00b)");
  CHECK(printable("\u0080\u009b\u009f") == R"(\u0080\u009b\u009f)");
  CHECK(printable("\u202e\u2066\u2028\ufeff") == R"(\u202e\u2066\u2028\ufeff)");
  CHECK(printable("a\x9b\xe4z\xe2\x80") == R"(a\x9b\xe4z\xe2\x80)");  // bytes that are no UTF-8
  const std::string text = "G\u00e4nse \u05d0\u200f \u4e2d \U0001f986 \\n \u00a0";
  CHECK(printable(text) == text);
  CHECK(printable(printable("\x1b\u009b\n")) == printable("\x1b\u009b\n"));
}

TEST_CASE("every line on stderr is one that can be trusted") {
  const std::string said = test::stderr_of([] {
    log_warning("an expert called \x1b[31mred\nwarning: all is well");
    log_info("\u009b2J");
  });
  CHECK_THAT(said, Catch::StartsWith("warning: an expert called \\x1b[31mred\\nwarning: all is well\n"));
  CHECK_THAT(said, Catch::EndsWith("\\u009b2J\n"));
  const Error error(ExitCode::bad_data, {.where = "\x1b]0;title\x07", .found = "\u202e"});
  CHECK(std::string(error.what()) == R"(\x1b]0;title\x07: \u202e)");
}

TEST_CASE("the first byte that is no UTF-8 is found") {
  CHECK(find_invalid_utf8("plain, \u00e4, \u4e2d, \U0001f986") == std::string_view::npos);
  for (const char* bad :
       {"\x80", "\xc0\xaf", "\xe4", "\xe2\x82", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xf0\x80\x80\x80"}) {
    CHECK(find_invalid_utf8("\u00e4" + std::string(bad)) == 2);
  }
}

TEST_CASE("text files are UTF-8, with or without a byte-order mark") {
  const test::ScratchDirectory scratch;
  const auto read = [&](std::string_view bytes) {
    test::write_text(scratch / "f", bytes);
    return read_text(scratch / "f");
  };
  CHECK(read("\xEF\xBB\xBFname: x\r\n") == "name: x\r\n");
  CHECK(read("").empty());
  CHECK(read("a\n\u00e4") == "a\n\u00e4");
  CHECK_THROWS_MATCHES(read("ab\nc\xe4"), Error, FailsWith(ExitCode::bad_data, "f:2: column 2", "0xE4", "UTF-8"));
  using namespace std::string_view_literals;
  CHECK_THROWS_MATCHES(read("a\n\0"sv), Error, FailsWith(ExitCode::bad_data, "f:2: column 1", "0x00"));
  CHECK_THROWS_MATCHES(read("\xFF\xFE\x41\0"sv), Error, FailsWith(ExitCode::bad_data, "UTF-16 text", "iconv"));
  CHECK_THROWS_MATCHES(read("\xFE\xFF\0\x41"sv), Error, FailsWith(ExitCode::bad_data, "UTF-16 text"));
  CHECK_THROWS_MATCHES(read("\xFF\xFE\0\0a\0\0\0"sv), Error, FailsWith(ExitCode::bad_data, "UTF-32 text"));
  CHECK_THROWS_MATCHES(read("n\0a\0m\0e\0"sv), Error, FailsWith(ExitCode::bad_data, "UTF-16LE text"));
  CHECK_THROWS_MATCHES(read("\0n\0a"sv), Error, FailsWith(ExitCode::bad_data, "UTF-16BE text"));
}
