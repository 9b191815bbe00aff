#include "phatgoose/base/signals.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "support/scratch_directory.h"

using namespace phatgoose;

namespace {

constexpr std::chrono::milliseconds kNoBurst{0};

const StopNotice kNotice = {.command = "test", .stopping = "saving", .lost = "all is lost"};

struct Ended {
  int signal = 0;  ///< that ended it; 0: it came to its end
  std::string said;
};

/// Runs `body` in a process of its own.
Ended in_child(const std::function<void()>& body) {
  const test::ScratchDirectory scratch;
  const std::string err = scratch / "err";
  const pid_t child = ::fork();
  if (child == 0) {
    if (std::freopen(err.c_str(), "w", stderr) == nullptr) ::_exit(1);
    body();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return {WIFSIGNALED(status) ? WTERMSIG(status) : 0, test::read_text(err)};
}

}  // namespace

TEST_CASE("each stop signal asks for a stop and is answered at once") {
  const std::vector<std::pair<int, std::string>> signals = {{SIGTERM, "SIGTERM"}, {SIGINT, "SIGINT"},
                                                            {SIGHUP, "SIGHUP"},   {SIGUSR1, "SIGUSR1"},
                                                            {SIGUSR2, "SIGUSR2"}, {SIGXCPU, "SIGXCPU"}};
  for (const auto& [signal, name] : signals) {
    const Ended ended = in_child([number = signal] {
      catch_stop_signals(kNotice);
      if (stop_requested()) std::abort();
      std::raise(number);
      if (!stop_requested()) std::abort();
      clear_stop_request();
      if (stop_requested()) std::abort();
    });
    CHECK(ended.signal == 0);
    CHECK(ended.said ==
          "phatgoose test: " + name + ": saving; SIGINT (Ctrl-C) after 2 seconds stops at once: all is lost\n");
  }
}

TEST_CASE("signals right after the first are part of it") {
  const Ended ended = in_child([] {
    catch_stop_signals(kNotice);
    for (const int signal : {SIGINT, SIGINT, SIGTERM, SIGINT}) std::raise(signal);
  });
  CHECK(ended.signal == 0);
  CHECK(std::count(ended.said.begin(), ended.said.end(), '\n') == 1);
}

TEST_CASE("a later interrupt ends the process and says what is lost") {
  for (const int first : {SIGINT, SIGTERM}) {
    const Ended ended = in_child([first] {
      catch_stop_signals(kNotice, kNoBurst);
      std::raise(first);
      std::raise(SIGINT);
    });
    CHECK(ended.signal == SIGINT);
    CHECK_THAT(ended.said, Catch::EndsWith("phatgoose test: SIGINT again: stopped at once: all is lost\n"));
  }
}

TEST_CASE("other signals never end a process that is saving") {
  const Ended ended = in_child([] {
    catch_stop_signals(kNotice, kNoBurst);
    for (const int signal : {SIGUSR2, SIGTERM, SIGTERM, SIGHUP, SIGXCPU}) std::raise(signal);
  });
  CHECK(ended.signal == 0);
}

TEST_CASE("nohup keeps SIGHUP ignored, and a background job still hears SIGINT") {
  const Ended ended = in_child([] {
    std::signal(SIGHUP, SIG_IGN);
    std::signal(SIGINT, SIG_IGN);
    catch_stop_signals(kNotice);
    std::raise(SIGHUP);
    if (stop_requested()) std::abort();
    std::raise(SIGINT);
    if (!stop_requested()) std::abort();
  });
  CHECK(ended.signal == 0);
}
