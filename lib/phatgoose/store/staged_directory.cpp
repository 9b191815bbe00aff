#include "phatgoose/store/staged_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

void sync(const fs::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && ::fsync(descriptor) == 0;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced) fail_io(directory, "sync");
}

}  // namespace

StagedDirectory::StagedDirectory(fs::path final_path) : final_(full_path(final_path)) {
  make_directories(final_.parent_path());
  std::string pattern = final_.string() + ".XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) fail_io(final_, "create");
  staged_ = pattern;
  // mkdtemp makes directories for the owner alone; a finished one gets the usual permissions.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::chmod(staged_.c_str(), 0777 & ~mask);
}

StagedDirectory::~StagedDirectory() {
  std::error_code ignored;
  if (!staged_.empty()) fs::remove_all(staged_, ignored);
}

void StagedDirectory::commit() {
  if (::rename(staged_.c_str(), final_.c_str()) != 0) fail_io(final_, "rename into place");
  staged_.clear();
  sync(final_.parent_path());
}

}  // namespace phatgoose
