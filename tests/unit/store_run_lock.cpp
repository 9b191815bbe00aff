#include "phatgoose/store/run_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <optional>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

using namespace phatgoose;

namespace {

/// A process that locks a directory and then waits to be killed.
class OtherProcess {
 public:
  explicit OtherProcess(const fs::path& directory) {
    int ready[2];
    REQUIRE(::pipe(ready) == 0);
    process_ = ::fork();
    if (process_ == 0) {
      const RunLock lock(directory);
      if (::write(ready[1], "", 1) == 1) ::pause();
      ::_exit(1);
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~OtherProcess() { kill(); }

  pid_t id() const { return process_; }
  void kill() {
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }

 private:
  pid_t process_ = 0;
};

}  // namespace

TEST_CASE("a directory that another process holds is refused with its host and number") {
  const test::ScratchDirectory scratch;
  OtherProcess other(scratch.path());
  char host[256] = {};
  REQUIRE(::gethostname(host, sizeof host - 1) == 0);
  const std::string holder = "process " + std::to_string(other.id()) + " on " + host;
  for (int again = 0; again < 2; ++again) {
    CHECK_THROWS_MATCHES(RunLock(scratch.path()), Error,
                         test::FailsWith(ExitCode::cannot_finish, scratch.path().string() + ": in use by", holder,
                                         "kill " + std::to_string(other.id())));
  }
  CHECK(fs::exists(scratch / kRunLockFile));
}

TEST_CASE("what a killed process leaves is taken over") {
  const test::ScratchDirectory scratch;
  OtherProcess other(scratch.path());
  other.kill();
  CHECK(fs::exists(scratch / kRunLockFile));
  {
    const RunLock lock(scratch.path());
    CHECK_THAT(test::read_text(scratch / kRunLockFile), Catch::Contains(std::to_string(::getpid())));
  }
  CHECK(fs::is_empty(scratch.path()));
}

TEST_CASE("a lock excludes within a process, too, and leaves nothing that it has made") {
  const test::ScratchDirectory scratch;
  {
    const RunLock lock(scratch / "a/b");
    CHECK_THROWS_AS(RunLock(scratch / "a/b"), Error);
    CHECK(fs::exists(scratch / "a/b" / kRunLockFile));
  }
  CHECK(fs::is_empty(scratch.path()));
  fs::create_directory(scratch / "a");
  {
    const RunLock lock(scratch / "a/b");
    test::write_text(scratch / "a/b/run.json", "{}");
  }
  CHECK(fs::exists(scratch / "a/b/run.json"));
  CHECK_FALSE(fs::exists(scratch / "a/b" / kRunLockFile));
}

TEST_CASE("a directory that cannot be made or written to cannot be locked") {
  const test::ScratchDirectory scratch;
  test::write_text(scratch / "file", "");
  CHECK_THROWS_MATCHES(RunLock(scratch / "file"), Error, test::FailsWith(ExitCode::cannot_finish, "file"));
  CHECK_THROWS_MATCHES(RunLock(scratch / "file/in"), Error, test::FailsWith(ExitCode::cannot_finish, "file"));
}
