#include "phatgoose/base/signals.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

using namespace phatgoose;

TEST_CASE("each stop signal asks for a stop, and the request can be cleared") {
  catch_stop_signals();
  for (const int signal : {SIGTERM, SIGINT, SIGUSR2}) {
    REQUIRE_FALSE(stop_requested());
    std::raise(signal);
    REQUIRE(stop_requested());
    clear_stop_request();
  }
  for (const int signal : {SIGTERM, SIGINT, SIGUSR2}) std::signal(signal, SIG_DFL);
}

TEST_CASE("a second interrupt ends the process") {
  const pid_t child = ::fork();
  if (child == 0) {
    catch_stop_signals();
    std::raise(SIGINT);
    std::raise(SIGINT);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGINT);
}
