#include "phatgoose/base/memory.h"

#include <algorithm>
#include <fstream>
#include <string>

namespace phatgoose {
namespace {

constexpr std::int64_t kKibibyte = 1024;

/// The number under `key` ("MemAvailable:"), or at the beginning where there is no key; nothing for "max" and the like.
std::optional<std::int64_t> number_in(const fs::path& path, const std::string& key = {}) {
  std::ifstream file(path);
  std::string word;
  while (!key.empty() && file >> word && word != key) {
  }
  std::int64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

}  // namespace

std::optional<std::int64_t> available_memory(const MemoryFiles& files) {
  std::optional<std::int64_t> available = number_in(files.meminfo, "MemAvailable:");
  if (available) *available *= kKibibyte;
  const auto limit = number_in(files.cgroup / "memory.max"), used = number_in(files.cgroup / "memory.current");
  if (!limit || !used) return available;
  const std::int64_t left = std::max<std::int64_t>(0, *limit - *used);
  return available ? std::min(*available, left) : left;
}

}  // namespace phatgoose
