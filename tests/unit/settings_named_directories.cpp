// NAME=DIR on the command line.
#include "phatgoose/settings/named_directories.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;

TEST_CASE("a name may precede a directory") {
  CHECK(named_directory("runs/rte", "--expert").path == "runs/rte");
  CHECK(named_directory("runs/rte", "--expert").name.empty());
  const NamedDirectory named = named_directory("rte=runs/rte=2/checkpoint-500", "--expert");
  CHECK(named.name == "rte");
  CHECK(named.path == "runs/rte=2/checkpoint-500");
  CHECK(named_directory("two words=dir", "--expert").name == "two words");
}

TEST_CASE("a path that is there, or has a slash before the sign, is no name") {
  const ScratchDirectory scratch;
  const std::string path = (scratch / "a=b").string();
  fs::create_directory(path);
  CHECK(named_directory(path, "--expert").path == path);
  CHECK(named_directory("./a=b", "--expert").path == "./a=b");
  CHECK(named_directory("./a=b", "--expert").name.empty());
  const fs::path before = fs::current_path();
  fs::current_path(scratch.path());
  const NamedDirectory found = named_directory("a=b", "--expert"), other = named_directory("c=b", "--expert");
  fs::current_path(before);
  CHECK(found.path == "a=b");
  CHECK(found.name.empty());
  CHECK(other.name == "c");
}

TEST_CASE("names are checked, and there must be a directory after them") {
  for (const char* text : {"=dir", "..=dir", "a,b=dir"}) {
    CHECK_THROWS_MATCHES(named_directory(text, "--routed"), Error,
                         FailsWith(ExitCode::usage, "--routed", text, "a name without slash"));
  }
  CHECK_THROWS_MATCHES(named_directory("a=", "--add"), Error, FailsWith(ExitCode::usage, "--add", "NAME=DIR"));
}

TEST_CASE("experts are those that are listed, then those of the library") {
  const ScratchDirectory scratch;
  for (const char* name : {"wide", "narrow"}) fs::copy(test::golden_path("experts") / name, scratch / name);
  const auto all = all_experts({"x=dir"}, scratch.path());
  REQUIRE(all.size() == 3);
  CHECK(all[0].name == "x");
  CHECK(all[1].path == scratch / "narrow");
  CHECK(all[2].path == scratch / "wide");
  CHECK(all_experts({}, std::nullopt).empty());
  CHECK_THROWS_MATCHES(some_experts({}, std::nullopt), Error, FailsWith(ExitCode::usage, "--expert", "--library"));
}

}  // namespace
}  // namespace phatgoose
