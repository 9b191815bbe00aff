// One process at a time in the directory of a run.
#pragma once

#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// In the directory while a process writes there: a line "HOST PID" of that process.
constexpr const char* kRunLockFile = "run.lock";

/// Makes directories, and removes those that it has made and that are empty when it is destroyed.
class MadeDirectories {
 public:
  explicit MadeDirectories(const fs::path& path);
  ~MadeDirectories();
  MadeDirectories(const MadeDirectories&) = delete;
  MadeDirectories& operator=(const MadeDirectories&) = delete;

 private:
  std::vector<fs::path> made_;  ///< outermost first
};

/// Locks `directory`, which is made where it is missing, until the object or its process ends. The lock is fcntl's, of
/// the open file (OFD): it vanishes with the process, and over NFS counts between hosts. What a killed process leaves
/// is a file that nobody has locked, and is taken over. Where another process has the lock: cannot_finish, with its
/// host and number. A file system without locks is warned of.
class RunLock {
 public:
  explicit RunLock(const fs::path& directory);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  MadeDirectories directories_;
  fs::path path_;
  int descriptor_;
};

}  // namespace phatgoose
