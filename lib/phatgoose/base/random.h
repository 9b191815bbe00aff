// Counter-based random numbers: the same key and counter give the same number on every machine, thread count and order.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace phatgoose {

/// Philox 4x32-10 (Salmon et al. 2011): four 32-bit words for a 128-bit counter under a 64-bit key.
std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key);

/// A stream of numbers named by a seed and up to two further integers (for instance epoch, or step and row).
class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed, std::uint64_t stream = 0, std::uint32_t substream = 0);

  std::uint32_t next_u32();
  std::uint64_t next_u64();
  /// Uniform in [0, 1), 53 bits.
  double uniform();
  /// Uniform in {0, ..., bound - 1} without bias. bound > 0.
  std::uint64_t below(std::uint64_t bound);
  /// Standard normal (Box-Muller).
  double normal();

 private:
  std::array<std::uint32_t, 2> key_;
  std::array<std::uint32_t, 4> counter_;
  std::array<std::uint32_t, 4> block_{};
  int used_ = 4;
};

/// A number for a name, the same on every machine (64-bit FNV-1a): streams of things that have names are numbered so.
std::uint64_t stream_number(std::string_view name);

/// A random order of 0 ... count - 1 (Fisher-Yates), a pure function of its arguments.
std::vector<std::int64_t> permutation(std::int64_t count, std::uint64_t seed, std::uint64_t epoch);

}  // namespace phatgoose
