#include "phatgoose/train/metrics_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "phatgoose/base/error.h"

namespace phatgoose {

MetricsLog::MetricsLog(fs::path path, std::int64_t size) : path_(std::move(path)), size_(size) {
  descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail_io(path_, "open");
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail_io(path_, "read the size");
  if (status.st_size < size) {
    ::close(descriptor_);
    refuse(path_.string(), fmt::format("{} bytes", static_cast<std::int64_t>(status.st_size)),
           fmt::format("the {} bytes that the checkpoint recorded", size),
           "the file was changed after the checkpoint; start again in an empty directory");
  }
  if (::ftruncate(descriptor_, size) != 0 || ::lseek(descriptor_, size, SEEK_SET) < 0) fail_io(path_, "truncate");
}

MetricsLog::~MetricsLog() { ::close(descriptor_); }

void MetricsLog::append(const Json& line) {
  const std::string text = line.dump() + "\n";
  std::size_t written = 0;
  while (written < text.size()) {
    const ssize_t count = ::write(descriptor_, text.data() + written, text.size() - written);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_io(path_, "write");
    written += static_cast<std::size_t>(count);
  }
  size_ += static_cast<std::int64_t>(text.size());
}

void MetricsLog::sync() {
  if (::fsync(descriptor_) != 0) fail_io(path_, "sync");
}

}  // namespace phatgoose
