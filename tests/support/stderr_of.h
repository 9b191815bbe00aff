// What a piece of work writes to stderr.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "support/scratch_directory.h"

namespace phatgoose::test {

/// Runs `work` with stderr going to a file (no terminal) and returns what was written. `work` must not throw.
template <typename Work>
std::string stderr_of(const Work& work) {
  const ScratchDirectory directory;
  const std::string path = directory / "stderr";
  const int saved = ::dup(STDERR_FILENO);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
  ::dup2(file, STDERR_FILENO);
  work();
  ::dup2(saved, STDERR_FILENO);
  ::close(file);
  ::close(saved);
  return read_text(path);
}

}  // namespace phatgoose::test
