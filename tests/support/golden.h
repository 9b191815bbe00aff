// Files written by the reference implementations; tests/oracle holds the scripts that make them.
#pragma once

#include <filesystem>
#include <string_view>

namespace phatgoose::test {

/// Path of a file under tests/golden.
inline std::filesystem::path golden_path(std::string_view name) {
  return std::filesystem::path(PHATGOOSE_TESTS_DIR) / "golden" / name;
}

}  // namespace phatgoose::test
