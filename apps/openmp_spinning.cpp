#include "openmp_spinning.h"

#include <unistd.h>

#include <cstdlib>

#include "phatgoose/base/files.h"

namespace phatgoose {
namespace {

// A few tens of microseconds, as long as most waits are while no core is shared (docs/benchmarks.md).
constexpr const char* kSpins = "1000";

}  // namespace

bool bound_openmp_spinning() {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return false;
  return ::setenv("GOMP_SPINCOUNT", kSpins, /*overwrite=*/0) == 0;
}

void restart_with_bounded_spinning(char** argv) {
  if (!bound_openmp_spinning()) return;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (!error) ::execv(self.c_str(), argv);
  // It can be slow, but not wrong, to go on without.
}

}  // namespace phatgoose
