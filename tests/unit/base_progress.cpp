#include "phatgoose/base/progress.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "phatgoose/base/files.h"
#include "phatgoose/base/log.h"
#include "support/scratch_directory.h"

using namespace phatgoose;

namespace {

/// Runs `work` with stderr going to a file and returns what was written.
template <typename Work>
std::string stderr_of(const Work& work) {
  const test::ScratchDirectory directory;
  const std::string path = directory / "stderr";
  test::write_text(path, "");
  const int saved = ::dup(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_WRONLY);
  ::dup2(file, STDERR_FILENO);
  work();
  ::dup2(saved, STDERR_FILENO);
  ::close(file);
  ::close(saved);
  return read_file(path);
}

}  // namespace

TEST_CASE("log levels admit what they should") {
  const auto talk = [] {
    log_info("an info");
    log_debug("a detail");
    log_warning("beware");
  };
  const LogLevel before = log_level();
  set_log_level(LogLevel::quiet);
  REQUIRE(stderr_of(talk) == "warning: beware\n");
  set_log_level(LogLevel::info);
  const std::string info = stderr_of(talk);
  REQUIRE(info.find("] an info\n") != std::string::npos);
  REQUIRE(info.find("detail") == std::string::npos);
  set_log_level(LogLevel::debug);
  REQUIRE(stderr_of(talk).find("] a detail\n") != std::string::npos);
  set_log_level(before);
}

TEST_CASE("progress off a terminal ends in one plain line and is silent when quiet") {
  const auto job = [] {
    Progress progress("training", 40, "steps", 10);
    for (int step = 11; step <= 40; ++step) progress.update(step, "loss 1.5");
    progress.finish();
    progress.finish();
  };
  const LogLevel before = log_level();
  set_log_level(LogLevel::info);
  const std::string said = stderr_of(job);
  set_log_level(LogLevel::quiet);
  REQUIRE(stderr_of(job).empty());
  set_log_level(before);
  REQUIRE(said.find("training: 40/40 steps (100 %)") != std::string::npos);
  REQUIRE(said.find("loss 1.5\n") != std::string::npos);
  REQUIRE(said.find('\r') == std::string::npos);
  REQUIRE(std::count(said.begin(), said.end(), '\n') == 1);
}
