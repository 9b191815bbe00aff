#include "phatgoose/base/files.h"

#include <sys/stat.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using phatgoose::test::FailsWith;
using phatgoose::test::ScratchDirectory;

namespace {

std::size_t count_entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

fs::path written(const ScratchDirectory& directory, std::string_view name, std::string_view content) {
  test::write_text(directory / name, content);
  return directory / name;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("write_file replaces the whole file and leaves nothing beside it") {
  const ScratchDirectory directory;
  const fs::path path = directory / "a.txt";
  const std::string large(300000, 'x');
  write_file(path, large);
  REQUIRE(read_file(path) == large);
  write_file(path, "short");
  REQUIRE(read_file(path) == "short");
  REQUIRE(count_entries(directory.path()) == 1);
}

TEST_CASE("a written file has the permissions that the umask leaves") {
  const ScratchDirectory directory;
  const mode_t before = ::umask(022);
  write_file(directory / "a.txt", "x");
  ::umask(before);
  struct stat status {};
  REQUIRE(::stat((directory / "a.txt").c_str(), &status) == 0);
  REQUIRE((status.st_mode & 0777) == 0644);
}

TEST_CASE("an AtomicFile that is not committed never appears") {
  const ScratchDirectory directory;
  write_file(directory / "a.txt", "old");
  {
    AtomicFile file(directory / "a.txt");
    file.write("new");
    REQUIRE(read_file(directory / "a.txt") == "old");
  }
  REQUIRE(read_file(directory / "a.txt") == "old");
  REQUIRE(count_entries(directory.path()) == 1);
}

TEST_CASE("writing where it is impossible is an error of exit code 1") {
  const ScratchDirectory directory;
  REQUIRE_THROWS_MATCHES(write_file(directory / "none/a.txt", "x"), Error,
                         FailsWith(ExitCode::cannot_finish, "none/a.txt", "No such file or directory"));
  fs::create_directory(directory / "taken");
  REQUIRE_THROWS_MATCHES(write_file(directory / "taken", "x"), Error, FailsWith(ExitCode::cannot_finish, "taken"));
  REQUIRE(count_entries(directory.path()) == 1);
}

TEST_CASE("reading what is not there or is a directory is bad data") {
  const ScratchDirectory directory;
  REQUIRE_THROWS_MATCHES(read_file(directory / "none"), Error, FailsWith(ExitCode::bad_data, "none", "No such file"));
  REQUIRE_THROWS_MATCHES(MappedFile(directory / "none"), Error, FailsWith(ExitCode::bad_data, "none"));
  REQUIRE_THROWS_MATCHES(read_file(directory.path()), Error, FailsWith(ExitCode::bad_data, "directory"));
}

TEST_CASE("a Git LFS pointer says what it is, and how to get the file") {
  const ScratchDirectory directory;
  const std::string oid = "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n";
  const fs::path path =
      written(directory, "weights", "version https://git-lfs.github.com/spec/v1\n" + oid + "size 12345\n");
  const FailsWith says(ExitCode::bad_data, path.string(), "a Git LFS pointer", "the file of 12345 bytes",
                       "git -C " + directory.path().string() + " lfs pull");
  REQUIRE_THROWS_MATCHES(read_file(path), Error, says);
  REQUIRE_THROWS_MATCHES(MappedFile(path), Error, says);
  REQUIRE_THROWS_MATCHES(content_hash_of_file(path), Error, says);
  written(directory, "old", "version https://hawser.github.com/spec/v1\n" + oid + "size 1\n");
  REQUIRE_THROWS_MATCHES(read_file(directory / "old"), Error, FailsWith(ExitCode::bad_data, "a Git LFS pointer"));
  REQUIRE_THROWS_MATCHES(refuse_lfs_pointer("weights", "version https://git-lfs.github.com/spec/v1\n" + oid), Error,
                         FailsWith(ExitCode::bad_data, "weights: a Git LFS pointer", "git -C . lfs pull"));
  // A text about pointers is none.
  const std::string page = "version https://git-lfs.github.com/spec/v1\n" + oid + "size 1\n" + std::string(1000, 'x');
  CHECK(read_file(written(directory, "page", page)) == page);
  CHECK_NOTHROW(refuse_lfs_pointer("a", "version https://git-lfs.github.com/spec/v1\n"));
}

TEST_CASE("a web page is not read for another file") {
  const ScratchDirectory directory;
  for (const char* page : {"<!DOCTYPE html>\n<html></html>", "\xEF\xBB\xBF\n <!doctype HTML>", "<html lang=\"en\">"}) {
    REQUIRE_THROWS_MATCHES(read_file(written(directory, "config.json", page)), Error,
                           FailsWith(ExitCode::bad_data, "config.json: a web page (HTML)"));
    CHECK_FALSE(MappedFile(directory / "config.json").bytes().empty());  // what is mapped may be a text of web pages
  }
  CHECK(read_file(written(directory, "x", "<htm")) == "<htm");
}

TEST_CASE("a mapping shows the file, also after release and after being moved") {
  const ScratchDirectory directory;
  std::string content(100000, 'a');
  content[5000] = 'b';
  MappedFile mapping(written(directory, "a.bin", content));
  REQUIRE(text_of(mapping.bytes()) == content);
  mapping.release(mapping.bytes().subspan(100, 50000));
  REQUIRE(text_of(mapping.bytes()) == content);
  MappedFile moved = std::move(mapping);
  REQUIRE(text_of(moved.bytes()) == content);
  moved = MappedFile(written(directory, "b.bin", "bb"));
  REQUIRE(text_of(moved.bytes()) == "bb");
  REQUIRE(MappedFile(written(directory, "empty", "")).bytes().empty());
}

TEST_CASE("make_directories makes parents, and says when a file is in the way") {
  const ScratchDirectory directory;
  make_directories(directory / "a/b/c");
  make_directories(directory / "a/b/c");
  REQUIRE(fs::is_directory(directory / "a/b/c"));
  written(directory, "file", "x");
  REQUIRE_THROWS_MATCHES(make_directories(directory / "file"), Error, FailsWith(ExitCode::cannot_finish, "file"));
  REQUIRE_THROWS_MATCHES(make_directories(directory / "file/x"), Error, FailsWith(ExitCode::cannot_finish, "file/x"));
}

TEST_CASE("content_hash is XXH3-64, of bytes and of files alike") {
  const ScratchDirectory directory;
  REQUIRE(content_hash({}) == "2d06800538d394c2");  // the published value for no input and seed 0
  const std::string content(1000000, 'z');
  REQUIRE(content_hash(std::as_bytes(std::span(content))) == content_hash_of_file(written(directory, "z", content)));
  REQUIRE(content_hash_of_file(written(directory, "empty", "")) == content_hash({}));
}
