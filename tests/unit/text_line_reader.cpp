#include "phatgoose/text/line_reader.h"

#include <unistd.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <utility>

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

/// A pipe to write to, and a reader of it.
class Pipe {
 public:
  Pipe() { REQUIRE(::pipe(ends_) == 0); }
  ~Pipe() {
    finish();
    ::close(ends_[0]);
  }
  int reading() const { return ends_[0]; }
  void write(std::string_view text) { REQUIRE(::write(ends_[1], text.data(), text.size()) == std::ssize(text)); }
  void finish() {
    if (ends_[1] >= 0) ::close(std::exchange(ends_[1], -1));
  }

 private:
  int ends_[2];
};

TEST_CASE("a pipe's lines are ready as soon as they are whole") {
  Pipe pipe;
  LineReader reader(pipe.reading(), "stdin");
  std::string line;
  CHECK_FALSE(reader.ready());
  pipe.write("P");  // as a zip or parquet file begins
  CHECK_FALSE(reader.ready());
  pipe.write("ick one\nand ");
  REQUIRE(reader.ready());
  REQUIRE(reader.next(line));
  CHECK(line == "Pick one");
  CHECK_FALSE(reader.ready());
  pipe.write("another");
  CHECK_FALSE(reader.ready());
  pipe.finish();
  REQUIRE(reader.ready());
  REQUIRE(reader.next(line));
  CHECK(line == "and another");
  CHECK(reader.where() == "stdin:2");
  CHECK(reader.ready());
  CHECK_FALSE(reader.next(line));
}

TEST_CASE("a pipe may be compressed, and what comes whole is there at once") {
  const ScratchDirectory scratch;
  write_gzip(scratch / "rows.gz", "\xEF\xBB\xBFone\ntwo\n");
  const std::string bytes = test::read_text(scratch / "rows.gz");
  Pipe pipe;
  LineReader reader(pipe.reading(), "stdin");
  std::string line;
  pipe.write(bytes.substr(0, 1));
  CHECK_FALSE(reader.ready());
  pipe.write(bytes.substr(1, 9));
  CHECK_FALSE(reader.ready());
  pipe.write(bytes.substr(10));
  CHECK(reader.ready());
  for (const char* expected : {"one", "two"}) {
    REQUIRE(reader.next(line));
    CHECK(line == expected);
  }
  pipe.finish();
  CHECK_FALSE(reader.next(line));
  CHECK_THROWS_MATCHES(reader.seek(0), Error, FailsWith(ExitCode::bad_data, "stdin", "a pipe"));
}

TEST_CASE("gzip files that were joined are read as one; what else follows is refused") {
  const ScratchDirectory scratch;
  write_gzip(scratch / "a.gz", "one\ntw");
  write_gzip(scratch / "b.gz", "o\nthree\n");
  const std::string joined = test::read_text(scratch / "a.gz") + test::read_text(scratch / "b.gz");
  write_text(scratch / "c.gz", joined);
  CHECK(lines_of(scratch / "c.gz") == std::vector<std::string>{"one", "two", "three"});
  write_text(scratch / "c.gz", joined + std::string(300, '\0'));  // a tape's last block
  CHECK(lines_of(scratch / "c.gz").size() == 3);
  write_text(scratch / "c.gz", joined + "more");
  CHECK_THROWS_MATCHES(lines_of(scratch / "c.gz"), Error,
                       FailsWith(ExitCode::bad_data, "c.gz after line 3", "bytes after the end"));
}

TEST_CASE("a byte-order mark is no part of the first line, also after going back") {
  const ScratchDirectory scratch;
  write_text(scratch / "marked", "\xEF\xBB\xBFone\ntwo\n");
  CHECK(lines_of(scratch / "marked") == std::vector<std::string>{"one", "two"});
  LineReader reader(scratch / "marked");
  std::string line;
  REQUIRE(reader.next(line));
  CHECK(reader.offset() == 7);
  reader.seek(0);
  REQUIRE(reader.next(line));
  CHECK(line == "one");
  write_text(scratch / "marked", "\xEF\xBB\xBF");
  CHECK(lines_of(scratch / "marked") == std::vector<std::string>{""});
}

TEST_CASE("bytes that are no UTF-8 text are refused with line and column, also far behind in a long line") {
  const ScratchDirectory scratch;
  write_text(scratch / "f", "fine\nno\xffne\n");
  CHECK_THROWS_MATCHES(lines_of(scratch / "f"), Error, FailsWith(ExitCode::bad_data, "f:2: column 3", "0xFF", "UTF-8"));
  write_text(scratch / "f", std::string("fine\nno\0ne\n", 11));
  CHECK_THROWS_MATCHES(lines_of(scratch / "f"), Error, FailsWith(ExitCode::bad_data, "f:2: column 3", "0x00"));
  write_text(scratch / "f", "aaaa bbbb cccc d\xff");
  LineReader reader(scratch / "f");
  std::string line;
  for (int part = 0; part < 3; ++part) REQUIRE(reader.next(line, 4));
  CHECK_THROWS_MATCHES(reader.next(line, 4), Error, FailsWith(ExitCode::bad_data, "f:1: column 17"));
  write_gzip(scratch / "f.gz", std::string_view("\xFF\xFE{\0", 4));
  CHECK_THROWS_MATCHES(lines_of(scratch / "f.gz"), Error, FailsWith(ExitCode::bad_data, "f.gz", "UTF-16"));
}

TEST_CASE("a line longer than admitted is refused where it begins, and never held whole") {
  const ScratchDirectory scratch;
  const auto refused = [&](const char* name) {
    LineReader reader(scratch / name, 1000);
    std::string line;
    REQUIRE(reader.next(line));
    CHECK_THROWS_MATCHES(
        reader.next(line), Error,
        FailsWith(ExitCode::bad_data, std::string(name) + ":2", "more than 1000 bytes", "--max-line-bytes"));
  };
  write_text(scratch / "just", "a\n" + std::string(1000, 'x') + "\nb");
  LineReader just(scratch / "just", 1000);
  std::string line;
  while (just.next(line)) CHECK(line.size() <= 1000);
  write_text(scratch / "long", "a\n" + std::string(1001, 'x') + "\nb");
  refused("long");
  write_gzip(scratch / "long.gz", "a\n" + std::string(std::size_t{64} << 20, 'x'));
  refused("long.gz");

  // Parts are lines of their own: what has no space is refused.
  write_text(scratch / "words", std::string(600, 'x') + " " + std::string(600, 'y') + " " + std::string(1001, 'z'));
  LineReader words(scratch / "words", 1000);
  REQUIRE(words.next(line, 500));
  REQUIRE(words.next(line, 500));
  CHECK_THROWS_MATCHES(words.next(line, 500), Error, FailsWith(ExitCode::bad_data, "words:1", "more than 1000"));
}

}  // namespace
}  // namespace phatgoose
