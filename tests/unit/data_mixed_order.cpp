#include "phatgoose/data/mixed_order.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "support/fails_with.h"

namespace phatgoose {
namespace {

using test::FailsWith;

using Rows = std::vector<std::int64_t>;

const Rows kSizes = {20, 3, 11};
const Rows kShares = {2, 1, 2};

/// Which of the data sets of kSizes a row belongs to.
std::size_t owner_of(std::int64_t row) { return row < 20 ? 0 : row < 23 ? 1 : 2; }

/// The rows at the first `count` places, by data set and counted from its first row.
std::vector<Rows> visits(MixedOrder& order, std::int64_t count) {
  std::vector<Rows> by_set(3);
  for (std::int64_t place = 0; place < count; ++place) {
    const std::int64_t row = order.row_at(place);
    by_set[owner_of(row)].push_back(row - (owner_of(row) == 0 ? 0 : owner_of(row) == 1 ? 20 : 23));
  }
  return by_set;
}

TEST_CASE("shares are the smallest integers in the proportion of the sizes, cut at the cap, or equal") {
  CHECK(mixing_shares({1000, 7, 500}, {}) == Rows{1000, 7, 500});
  CHECK(mixing_shares({1000, 70, 500}, {}) == Rows{100, 7, 50});
  CHECK(mixing_shares({1000, 60, 500}, {.cap = 100}) == Rows{5, 3, 5});
  CHECK(mixing_shares({1000, 60, 500}, {.cap = 600}) == Rows{30, 3, 25});
  CHECK(mixing_shares({1000, 7, 500}, {.cap = 1}) == Rows{1, 1, 1});
  CHECK(mixing_shares({1000, 7, 500}, {.equal = true}) == Rows{1, 1, 1});
}

TEST_CASE("where every row is as likely as any other, all rows have epochs in common") {
  for (const bool shuffle : {true, false}) {
    for (const Mixing& mixing : {Mixing{}, Mixing{.cap = 9}, Mixing{.cap = 100}}) {
      DataOrder expected(15, 5, shuffle);
      const auto order = make_row_order({4, 9, 2}, mixing, 5, shuffle);
      for (std::int64_t step = 0; step < 6; ++step) {
        CHECK(order->global_batch(step, 7) == expected.global_batch(step, 7));
      }
    }
    const Rows of_one = DataOrder(9, 5, shuffle).global_batch(0, 20);
    for (const Mixing& mixing : {Mixing{}, Mixing{.cap = 2}, Mixing{.equal = true}}) {
      CHECK(make_row_order({9}, mixing, 5, shuffle)->global_batch(0, 20) == of_one);
    }
  }
  const auto capped = make_row_order({4, 9, 2}, {.cap = 8}, 5, true);
  CHECK(capped->global_batch(0, 15) != DataOrder(15, 5, true).global_batch(0, 15));
  CHECK_THROWS_MATCHES(make_row_order({4, 9}, {.equal = true}, 5, false), Error, FailsWith(ExitCode::bug, "shuffling"));
}

TEST_CASE("every round gives each data set its share, in an order of its own") {
  MixedOrder order(kSizes, kShares, 8);
  std::set<std::vector<std::size_t>> orders;
  for (std::int64_t round = 0; round < 40; ++round) {
    std::vector<std::size_t> owners;
    for (const std::int64_t row : order.global_batch(round, 5)) owners.push_back(owner_of(row));
    for (std::size_t set = 0; set < 3; ++set) CHECK(std::ranges::count(owners, set) == kShares[set]);
    orders.insert(owners);
  }
  CHECK(orders.size() > 10);  // of 30
}

TEST_CASE("a data set's rows come again only after all have come, in another order") {
  MixedOrder order(kSizes, kShares, 8);
  const std::vector<Rows> by_set = visits(order, 333);
  for (std::size_t set = 0; set < 3; ++set) {
    const auto size = static_cast<std::size_t>(kSizes[set]);
    REQUIRE(by_set[set].size() > 3 * size);
    std::set<Rows> epochs;
    for (std::size_t begin = 0; begin + size <= by_set[set].size(); begin += size) {
      const auto first = by_set[set].begin() + static_cast<std::ptrdiff_t>(begin);
      const Rows epoch(first, first + static_cast<std::ptrdiff_t>(size));
      CHECK(std::set<std::int64_t>(epoch.begin(), epoch.end()).size() == size);
      epochs.insert(epoch);
    }
    CHECK(epochs.size() > 1);
  }
}

TEST_CASE("a step's mixed rows do not depend on the steps asked for before, but on the seed") {
  MixedOrder forward(kSizes, kShares, 11), backward(kSizes, kShares, 11), other(kSizes, kShares, 12);
  std::vector<Rows> steps;
  for (std::int64_t step = 0; step < 30; ++step) steps.push_back(forward.global_batch(step, 7));
  for (std::int64_t step = 29; step >= 0; --step) {
    CHECK(backward.global_batch(step, 7) == steps[static_cast<std::size_t>(step)]);
  }
  CHECK(MixedOrder(kSizes, kShares, 11).global_batch(17, 7) == steps[17]);
  CHECK(other.global_batch(0, 7) != steps[0]);
  // The cut into steps does not matter either.
  Rows all;
  for (const Rows& step : steps) all.insert(all.end(), step.begin(), step.end());
  CHECK(MixedOrder(kSizes, kShares, 11).global_batch(0, 210) == all);
}

TEST_CASE("equally long data sets do not go in step") {
  MixedOrder order({30, 30}, {1, 1}, 4);
  Rows first, second;
  for (std::int64_t place = 0; place < 60; ++place) {
    const std::int64_t row = order.row_at(place);
    (row < 30 ? first : second).push_back(row % 30);
  }
  CHECK(first.size() == 30);
  CHECK(first != second);
}

}  // namespace
}  // namespace phatgoose
