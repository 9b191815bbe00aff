#include "phatgoose/store/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ranges>
#include <sstream>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"

namespace phatgoose {

namespace {

enum class LockAttempt { locked, held, unsupported };

LockAttempt try_lock(int descriptor) {
  struct flock whole_file {};
  whole_file.l_type = F_WRLCK;
  whole_file.l_whence = SEEK_SET;
  if (::fcntl(descriptor, F_OFD_SETLK, &whole_file) == 0) return LockAttempt::locked;
  return errno == EAGAIN || errno == EACCES ? LockAttempt::held : LockAttempt::unsupported;
}

/// Whether `path` is still the open file: who held the lock before may have removed it meanwhile.
bool is_still(const fs::path& path, int descriptor) {
  struct stat opened {
  }, named{};
  return ::fstat(descriptor, &opened) == 0 && ::stat(path.c_str(), &named) == 0 && opened.st_ino == named.st_ino &&
         opened.st_dev == named.st_dev;
}

struct Holder {
  std::string host;
  std::int64_t process = 0;  ///< 0: unknown
};

Holder read_holder(int descriptor) {
  char text[512];
  const ssize_t count = ::pread(descriptor, text, sizeof text, 0);
  std::istringstream words(std::string(text, count > 0 ? static_cast<std::size_t>(count) : 0));
  Holder holder;
  return words >> holder.host >> holder.process ? holder : Holder{};
}

void write_holder(const fs::path& path, int descriptor) {
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) != 0) std::strcpy(host, "localhost");
  const std::string line = fmt::format("{} {}\n", host, ::getpid());
  if (::ftruncate(descriptor, 0) == 0 &&
      ::pwrite(descriptor, line.data(), line.size(), 0) == static_cast<ssize_t>(line.size())) {
    return;
  }
  fail_io(path, "write");
}

[[noreturn]] void fail_held(const fs::path& path, const Holder& holder) {
  const bool known = holder.process > 0;
  fail(ExitCode::cannot_finish,
       {.where = path.parent_path().string(),
        .found = known ? fmt::format("in use by process {} on {}", holder.process, holder.host)
                       : "in use by another process",
        .expected = "a directory that no other process writes to",
        .hint = known ? fmt::format("wait for its end; on {}, \"kill {}\" has it save and stop", holder.host,
                                    holder.process)
                      : "wait for its end"});
}

/// The locked file `path`.
int lock_file(const fs::path& path) {
  for (;;) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) fail_io(path, "create");
    const LockAttempt attempt = try_lock(descriptor);
    const int error = errno;
    const Holder before = read_holder(descriptor);
    if (attempt == LockAttempt::locked && is_still(path, descriptor)) {
      if (before.process > 0) {
        log_info(fmt::format("process {} on {} ended without finishing its run here", before.process, before.host));
      }
      return descriptor;
    }
    if (attempt == LockAttempt::unsupported) {
      log_warning(fmt::format("{}: cannot be locked ({}): take care that no other process runs in this directory",
                              path.string(), std::strerror(error)));
      return descriptor;
    }
    ::close(descriptor);
    if (attempt == LockAttempt::held) fail_held(path, before);
  }
}

}  // namespace

MadeDirectories::MadeDirectories(const fs::path& path) {
  for (fs::path missing = path; !missing.empty() && !fs::exists(missing); missing = missing.parent_path()) {
    made_.insert(made_.begin(), missing);
    if (missing == missing.parent_path()) break;
  }
  make_directories(path);
}

MadeDirectories::~MadeDirectories() {
  std::error_code not_empty;
  for (const fs::path& directory : std::views::reverse(made_)) fs::remove(directory, not_empty);
}

RunLock::RunLock(const fs::path& directory)
    : directories_(directory), path_(directory / kRunLockFile), descriptor_(lock_file(path_)) {
  write_holder(path_, descriptor_);
}

RunLock::~RunLock() {
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

}  // namespace phatgoose
