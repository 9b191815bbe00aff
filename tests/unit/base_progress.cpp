#include "phatgoose/base/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <sstream>
#include <thread>

#include "phatgoose/base/log.h"
#include "support/stderr_of.h"

using namespace phatgoose;
using phatgoose::test::stderr_of;

namespace {

/// Runs `work` with a terminal of 70 columns as stderr and returns what was written.
template <typename Work>
std::string terminal_output_of(const Work& work) {
  const int controller = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(::grantpt(controller) == 0);
  REQUIRE(::unlockpt(controller) == 0);
  const int terminal = ::open(::ptsname(controller), O_RDWR | O_NOCTTY);
  const winsize size{.ws_row = 20, .ws_col = 70, .ws_xpixel = 0, .ws_ypixel = 0};
  ::ioctl(terminal, TIOCSWINSZ, &size);
  const int saved = ::dup(STDERR_FILENO);
  ::dup2(terminal, STDERR_FILENO);
  work();
  ::dup2(saved, STDERR_FILENO);
  ::close(saved);
  ::close(terminal);
  std::string text;
  char block[4096];
  for (ssize_t count; (count = ::read(controller, block, sizeof block)) > 0;) {
    text.append(block, static_cast<std::size_t>(count));
  }
  ::close(controller);
  return text;
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

TEST_CASE("progress on a terminal is a bar in one line that log lines do not break") {
  const LogLevel before = log_level();
  set_log_level(LogLevel::info);
  const std::string text = terminal_output_of([] {
    Progress progress("evaluation of something with a long name", 4, "rows");
    for (int row = 1; row <= 3; ++row) {
      std::this_thread::sleep_for(std::chrono::milliseconds(120));
      progress.update(row);
    }
    log_info("in between");
    progress.update(4);
    progress.finish();
  });
  set_log_level(before);
  CHECK(text.find("[###.........]") != std::string::npos);  // 1 of 4
  CHECK(text.find("[######......]") != std::string::npos);  // 2 of 4
  CHECK(text.find("] in between\r\n") != std::string::npos);
  CHECK(text.find("4/4 rows (100 %)") != std::string::npos);
  CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  std::istringstream pieces(text);
  for (std::string piece; std::getline(pieces, piece, '\r');) {
    if (piece.find('[') != std::string::npos && piece.find(".]") != std::string::npos) CHECK(piece.size() < 70 + 4);
  }
}

TEST_CASE("progress on a terminal is there at once, and moves within a unit") {
  const LogLevel before = log_level();
  set_log_level(LogLevel::info);
  const std::string text = terminal_output_of([] {
    Progress progress("training", 2, "steps");
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    progress.update(0, "loss 1.5", 0.75);
    progress.finish();
  });
  set_log_level(before);
  CHECK(text.find("training [............] 0/2 steps (0 %)") != std::string::npos);
  CHECK(text.find("training [####........] 0.75/2 steps (38 %)") != std::string::npos);
  CHECK(text.find("ETA") != std::string::npos);
}
