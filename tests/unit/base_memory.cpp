#include "phatgoose/base/memory.h"

#include <catch2/catch.hpp>

#include "support/scratch_directory.h"

namespace phatgoose {

TEST_CASE("the memory that is left is what the machine and the control group have") {
  const test::ScratchDirectory scratch;
  const MemoryFiles files{scratch / "meminfo", scratch.path()};
  CHECK_FALSE(available_memory(files));
  test::write_text(scratch / "meminfo", "MemTotal:  900 kB\nMemFree: 20 kB\nMemAvailable:    700 kB\nBuffers: 1 kB\n");
  CHECK(available_memory(files) == 700 * 1024);
  test::write_text(scratch / "memory.max", "max\n");
  test::write_text(scratch / "memory.current", "100000\n");
  CHECK(available_memory(files) == 700 * 1024);
  test::write_text(scratch / "memory.max", "300000\n");
  CHECK(available_memory(files) == 200000);
  test::write_text(scratch / "memory.current", "400000\n");
  CHECK(available_memory(files) == 0);
  CHECK(available_memory().value_or(1) > 0);
}

}  // namespace phatgoose
