#include "phatgoose/base/random.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>
#include <set>

using namespace phatgoose;

TEST_CASE("philox gives the known answers of its authors") {
  // Random123's kat_vectors, philox4x32 with 10 rounds.
  using Words = std::array<std::uint32_t, 4>;
  REQUIRE(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const std::uint32_t ones = 0xffffffff;
  REQUIRE(philox({ones, ones, ones, ones}, {ones, ones}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  REQUIRE(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("streams depend on seed, stream and substream, and repeat") {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40}) {
    for (std::uint64_t stream : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 40}) {
      for (std::uint32_t substream : {0u, 1u}) {
        firsts.insert(RandomStream(seed, stream, substream).next_u64());
        REQUIRE(RandomStream(seed, stream, substream).next_u64() == RandomStream(seed, stream, substream).next_u64());
      }
    }
  }
  REQUIRE(firsts.size() == 18);
}

TEST_CASE("uniform and normal numbers have the right moments") {
  RandomStream random(7);
  constexpr int kDraws = 200000;
  double sum = 0, normal_sum = 0, normal_squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double draw = random.uniform();
    REQUIRE((draw >= 0.0 && draw < 1.0));
    sum += draw;
    const double normal = random.normal();
    REQUIRE(std::isfinite(normal));
    normal_sum += normal;
    normal_squares += normal * normal;
  }
  REQUIRE(sum / kDraws == Approx(0.5).margin(0.004));
  REQUIRE(normal_sum / kDraws == Approx(0.0).margin(0.012));
  REQUIRE(normal_squares / kDraws == Approx(1.0).margin(0.02));
}

TEST_CASE("below hits every value about equally often") {
  RandomStream random(3);
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[random.below(7)];
  for (int count : counts) REQUIRE(std::abs(count - 10000) < 500);
  REQUIRE(random.below(1) == 0);
  const std::uint64_t most = (std::uint64_t{1} << 63) + 1;
  for (int i = 0; i < 100; ++i) REQUIRE(random.below(most) < most);
}

TEST_CASE("permutation is a reproducible order of all indices") {
  const auto order = permutation(1000, 5, 2);
  auto sorted = order;
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::int64_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  REQUIRE(sorted == expected);
  REQUIRE(order != expected);
  REQUIRE(order == permutation(1000, 5, 2));
  REQUIRE(order != permutation(1000, 5, 3));
  REQUIRE(order != permutation(1000, 6, 2));
  REQUIRE(permutation(0, 1, 1).empty());
}
