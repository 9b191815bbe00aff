#include "phatgoose/data/batching.h"

#include <catch2/catch.hpp>
#include <set>

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

using Rows = std::vector<std::int64_t>;

TEST_CASE("every epoch visits every row once, in an order of its own") {
  DataOrder order(10, 3, true);
  Rows epochs[3];
  for (std::int64_t step = 0; step < 5; ++step) {
    for (const std::int64_t row : order.global_batch(step, 6)) {
      Rows& epoch = epochs[0].size() < 10 ? epochs[0] : epochs[1].size() < 10 ? epochs[1] : epochs[2];
      epoch.push_back(row);
    }
  }
  for (const Rows& epoch : epochs) CHECK(std::set<std::int64_t>(epoch.begin(), epoch.end()).size() == 10);
  CHECK(epochs[0] != epochs[1]);
  CHECK(epochs[0] == permutation(10, 3, 0));
  CHECK(epochs[1] == permutation(10, 3, 1));
}

TEST_CASE("a step's rows do not depend on the steps asked for before") {
  DataOrder forward(7, 11, true), backward(7, 11, true);
  std::vector<Rows> steps;
  for (std::int64_t step = 0; step < 9; ++step) steps.push_back(forward.global_batch(step, 5));
  for (std::int64_t step = 8; step >= 0; --step) {
    CHECK(backward.global_batch(step, 5) == steps[static_cast<std::size_t>(step)]);
  }
  CHECK(DataOrder(7, 12, true).global_batch(0, 7) != steps[0]);
}

TEST_CASE("without shuffling rows come in file order, over and over") {
  DataOrder order(3, 0, false);
  CHECK(order.global_batch(0, 4) == Rows{0, 1, 2, 0});
  CHECK(order.global_batch(1, 4) == Rows{1, 2, 0, 1});
  CHECK(DataOrder(2, 0, false).global_batch(0, 7) == Rows{0, 1, 0, 1, 0, 1, 0});
}

TEST_CASE("groups cover all rows within the limit, long rows first") {
  Rows lengths;
  RandomStream random(5);
  for (int i = 0; i < 55; ++i) lengths.push_back(2 + static_cast<std::int64_t>(random.below(80)));
  for (const std::int64_t limit : {100, 200, 1, 0}) {
    CAPTURE(limit);
    std::set<std::int64_t> seen;
    std::int64_t longest_so_far = 1000;
    for (const Rows& group : length_groups(lengths, limit)) {
      std::int64_t tokens = 0;
      for (const std::int64_t row : group) {
        const std::int64_t length = lengths[static_cast<std::size_t>(row)];
        CHECK(seen.insert(row).second);
        CHECK(length <= longest_so_far);
        longest_so_far = length;
        tokens += length;
      }
      CHECK((limit == 0 || tokens <= limit || group.size() == 1));
    }
    CHECK(seen.size() == lengths.size());
  }
  CHECK(length_groups(lengths, 0).size() == 1);
  CHECK(length_groups(lengths, 1).size() == lengths.size());
}

TEST_CASE("rows of similar length are grouped, and those of equal length keep their order") {
  const Rows lengths = {3, 9, 4, 9, 1};
  CHECK(length_groups(lengths, 18) == std::vector<Rows>{{1, 3}, {2, 0, 4}});
  CHECK(length_groups(lengths, 5) == std::vector<Rows>{{1}, {3}, {2}, {0, 4}});
  CHECK(length_groups(Rows{3, 3, 4, 3}, 7) == std::vector<Rows>{{2, 0}, {1, 3}});
  CHECK(length_groups({}, 5).empty());
}

TEST_CASE("a row counts its input and what is decoded of it: the target, or the choices where there are some") {
  Example plain{{5, 6, 1}, {7, 1}};
  Example choosing = plain;
  choosing.choices = {{7, 1}, {8, 9, 1}, {4, 1}};
  CHECK(token_count(std::vector{plain}) == 5);
  CHECK(token_count(std::vector{choosing}) == 3 + 7);
  CHECK(token_count(std::vector{plain, choosing}) == 15);
  CHECK(target_token_count(std::vector{plain, choosing}) == 4);
  CHECK(passes_of(std::vector{plain, choosing, plain}, 10) == std::vector<Rows>{{1}, {0, 2}});
  CHECK(passes_of(std::vector{plain, choosing, plain}, 15) == std::vector<Rows>{{1, 0}, {2}});
}

}  // namespace
}  // namespace phatgoose
