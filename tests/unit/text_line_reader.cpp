#include "phatgoose/text/line_reader.h"

#include <zlib.h>

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/gzip.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;
using test::write_gzip;
using test::write_text;

std::vector<std::string> lines_of(const fs::path& path) {
  LineReader reader(path);
  std::vector<std::string> lines;
  std::string line;
  while (reader.next(line)) lines.push_back(line);
  return lines;
}

TEST_CASE("lines come without their ends, plain or compressed") {
  const ScratchDirectory scratch;
  const std::string text = "one\r\n\n three \nlast";
  write_text(scratch / "plain.txt", text);
  write_gzip(scratch / "packed.txt.gz", text);
  const std::vector<std::string> expected = {"one", "", " three ", "last"};
  CHECK(lines_of(scratch / "plain.txt") == expected);
  CHECK(lines_of(scratch / "packed.txt.gz") == expected);
  write_text(scratch / "empty.txt", "");
  CHECK(lines_of(scratch / "empty.txt").empty());
}

TEST_CASE("a Git LFS pointer is no text, whatever its name") {
  const ScratchDirectory scratch;
  for (const char* name : {"rows.jsonl", "rows.jsonl.gz"}) {
    write_text(scratch / name, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n");
    CHECK_THROWS_MATCHES(lines_of(scratch / name), Error, FailsWith(ExitCode::bad_data, name, "a Git LFS pointer"));
  }
}

TEST_CASE("lines longer than the read buffer stay whole") {
  const ScratchDirectory scratch;
  const std::string longest(1 << 20, 'x');
  write_gzip(scratch / "long.gz", longest + "\nshort\n");
  CHECK(lines_of(scratch / "long.gz") == std::vector<std::string>{longest, "short"});
}

TEST_CASE("long lines come in parts where a limit asks for it") {
  const ScratchDirectory scratch;
  write_text(scratch / "words", "aaa bbb ccc ddddddd\nee\n\nfff ggg");
  LineReader reader(scratch / "words");
  const std::vector<std::pair<std::string, int>> parts = {
      {"aaa bbb", 1}, {"ccc ddddddd", 1}, {"ee", 2}, {"", 3}, {"fff ggg", 4}};
  std::string line;
  for (const auto& [part, number] : parts) {
    REQUIRE(reader.next(line, 4));
    CHECK(line == part);
    CHECK(reader.line_number() == number);
  }
  CHECK_FALSE(reader.next(line, 4));

  std::string text;
  for (int i = 0; i < 100000; ++i) text += std::to_string(i) + " ";
  write_text(scratch / "long", text);
  LineReader long_reader(scratch / "long");
  std::string joined;
  while (long_reader.next(line, 1000)) {
    CHECK(line.size() < 1010);
    joined += line + " ";
  }
  CHECK((joined == text + " "));  // the last part ends with the file
}

TEST_CASE("reading goes on exactly where an earlier reader stood") {
  const ScratchDirectory scratch;
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "line " + std::to_string(i) + "\n";
  write_text(scratch / "plain", text);
  write_gzip(scratch / "packed.gz", text);
  for (const char* name : {"plain", "packed.gz"}) {
    LineReader reader(scratch / name);
    std::string line;
    for (int i = 0; i <= 30000; ++i) REQUIRE(reader.next(line));
    CHECK(line == "line 30000");
    CHECK(reader.where() == (scratch / name).string() + ":30001");
    LineReader other(scratch / name);
    other.seek(reader.offset());
    REQUIRE(other.next(line));
    CHECK(line == "line 30001");
    other.seek(0);
    REQUIRE(other.next(line));
    CHECK(line == "line 0");
  }
}

TEST_CASE("truncated and corrupt gzip are errors, not shorter files") {
  const ScratchDirectory scratch;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i * i) + " some text\n";
  write_gzip(scratch / "whole.gz", text);
  const std::string bytes = test::read_text(scratch / "whole.gz");
  for (const std::size_t kept :
       {bytes.size() - 1, bytes.size() - 8, bytes.size() / 2, std::size_t{12}, std::size_t{5}}) {
    write_text(scratch / "cut.gz", bytes.substr(0, kept));
    CHECK_THROWS_MATCHES(lines_of(scratch / "cut.gz"), Error, FailsWith(ExitCode::bad_data, "cut.gz", "truncated"));
  }
  std::string damaged = bytes;
  damaged[damaged.size() - 6] ^= 0x40;  // in the checksum
  write_text(scratch / "damaged.gz", damaged);
  CHECK_THROWS_MATCHES(lines_of(scratch / "damaged.gz"), Error, FailsWith(ExitCode::bad_data, "damaged.gz", "corrupt"));
}

TEST_CASE("files that are not text are refused by their first bytes") {
  const ScratchDirectory scratch;
  write_text(scratch / "a.xz", std::string_view("\xFD"
                                                "7zXZ\0rest",
                                                10));
  CHECK_THROWS_MATCHES(LineReader(scratch / "a.xz"), Error, FailsWith(ExitCode::bad_data, "a.xz", "xz data"));
  write_text(scratch / "a.parquet", "PAR1....");
  CHECK_THROWS_MATCHES(LineReader(scratch / "a.parquet"), Error, FailsWith(ExitCode::bad_data, "parquet data"));
  write_text(scratch / "a.gz", "plain text");
  CHECK_THROWS_MATCHES(LineReader(scratch / "a.gz"), Error, FailsWith(ExitCode::bad_data, "a.gz", "no gzip data"));
  write_text(scratch / "b.gz", "");
  CHECK_THROWS_MATCHES(LineReader(scratch / "b.gz"), Error, FailsWith(ExitCode::bad_data, "b.gz", "an empty file"));
  CHECK_THROWS_MATCHES(LineReader(scratch / "missing"), Error,
                       FailsWith(ExitCode::bad_data, "missing", "No such file"));
  CHECK_THROWS_MATCHES(LineReader(scratch.path()), Error, FailsWith(ExitCode::bad_data, "a directory"));
}

}  // namespace
}  // namespace phatgoose
