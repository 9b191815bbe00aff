// A directory that appears complete or not at all.
#pragma once

#include "phatgoose/base/files.h"

namespace phatgoose {

/// A directory being filled under a temporary name next to its final one. commit() renames it into place, where nothing
/// or an empty directory may stand; without commit() the destructor removes it. Failures: cannot_finish.
class StagedDirectory {
 public:
  explicit StagedDirectory(fs::path final_path);
  ~StagedDirectory();
  StagedDirectory(const StagedDirectory&) = delete;
  StagedDirectory& operator=(const StagedDirectory&) = delete;

  const fs::path& path() const { return staged_; }
  void commit();

 private:
  fs::path final_;
  fs::path staged_;
};

}  // namespace phatgoose
