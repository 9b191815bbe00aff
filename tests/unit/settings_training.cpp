#include "phatgoose/settings/training.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;

TEST_CASE("a data file given twice is refused, under whatever name") {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "a.jsonl", "{}");
  test::write_text(scratch / "b.jsonl", "{}");
  std::filesystem::create_symlink(scratch / "a.jsonl", scratch / "c.jsonl");
  const std::string a = scratch / "a.jsonl", b = scratch / "b.jsonl", c = scratch / "c.jsonl";
  const std::string roundabout = scratch.path().string() + "/./a.jsonl";

  DataSettings settings;
  settings.data = {a, b};
  settings.valid = {b, a};
  CHECK_NOTHROW(settings.check());
  settings.data = {a, b, a};
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--data", "a.jsonl", "--data-mix"));
  settings.data = {a, b, roundabout};
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--data", "./a.jsonl"));
  settings.data = {b, a, c};
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--data", "c.jsonl", "a.jsonl"));
  settings.data = {a, scratch / "missing.jsonl"};  // reading it will say so
  CHECK_NOTHROW(settings.check());
  settings.valid = {b, b};
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--valid", "b.jsonl"));
}

TEST_CASE("mixing that contradicts itself is refused") {
  DataSettings settings;
  settings.mix = "equal";
  CHECK_NOTHROW(settings.check());
  settings.mix_cap = 5;
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--data-mix-cap", "--data-mix size"));
  settings.mix = "size";
  CHECK_NOTHROW(settings.check());
  settings.shuffle = false;
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--shuffle", "--data-mix-cap"));
  settings.mix_cap.reset();
  CHECK_NOTHROW(settings.check());
  settings.mix = "equal";
  CHECK_THROWS_MATCHES(settings.check(), Error, FailsWith(ExitCode::usage, "--shuffle", "--data-mix equal"));
}

}  // namespace
}  // namespace phatgoose
