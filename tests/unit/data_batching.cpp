#include "phatgoose/data/batching.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <set>

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

using Rows = std::vector<std::int64_t>;

std::vector<Example> examples_of_lengths(const std::vector<std::pair<int, int>>& lengths) {
  std::vector<Example> examples;
  for (const auto& [input, target] : lengths) {
    examples.push_back({TokenIds(static_cast<std::size_t>(input), 5), TokenIds(static_cast<std::size_t>(target), 6)});
  }
  return examples;
}

Rows first(std::int64_t count) {
  Rows rows(static_cast<std::size_t>(count));
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  return rows;
}

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

TEST_CASE("micro-batches cover the global batch within the limit, long rows first") {
  std::vector<std::pair<int, int>> lengths;
  RandomStream random(5);
  for (int i = 0; i < 40; ++i) lengths.emplace_back(1 + random.below(60), 1 + random.below(20));
  const auto examples = examples_of_lengths(lengths);
  DataOrder order(40, 1, true);
  const Rows batch = order.global_batch(0, 55);
  for (const BatchLimit& limit :
       {BatchLimit{100, 0}, BatchLimit{0, 4}, BatchLimit{200, 3}, BatchLimit{0, 0}, BatchLimit{1, 0}}) {
    std::set<std::int64_t> places;
    std::size_t longest_so_far = 1000;
    for (const MicroBatch& micro : micro_batches(batch, examples, limit)) {
      REQUIRE(micro.rows.size() == micro.places.size());
      std::int64_t tokens = 0;
      for (std::size_t i = 0; i < micro.rows.size(); ++i) {
        CHECK(micro.rows[i] == batch[static_cast<std::size_t>(micro.places[i])]);
        CHECK(places.insert(micro.places[i]).second);
        const Example& example = examples[static_cast<std::size_t>(micro.rows[i])];
        CHECK(example.input.size() <= longest_so_far);
        longest_so_far = example.input.size();
        tokens += static_cast<std::int64_t>(example.input.size() + example.target.size());
      }
      if (limit.tokens > 0) CHECK((tokens <= limit.tokens || micro.rows.size() == 1));
      if (limit.rows > 0) CHECK(static_cast<std::int64_t>(micro.rows.size()) <= limit.rows);
    }
    CHECK(places.size() == batch.size());
  }
  CHECK(micro_batches(batch, examples, {}).size() == 1);
  CHECK(micro_batches(batch, examples, {.tokens = 1}).size() == batch.size());
  CHECK(micro_batches(batch, examples, {.rows = 4}).size() == 14);
}

TEST_CASE("rows of equal length keep their order") {
  const auto examples = examples_of_lengths({{3, 1}, {3, 1}, {3, 2}, {3, 1}});
  const auto batches = micro_batches(first(4), examples, {.rows = 2});
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].rows == Rows{2, 0});
  CHECK(batches[1].places == Rows{1, 3});
}

TEST_CASE("evaluation groups rows of similar length") {
  const Rows lengths = {3, 9, 4, 9, 1};
  CHECK(length_groups(lengths, {.tokens = 18}) == std::vector<Rows>{{1, 3}, {2, 0, 4}});
  CHECK(length_groups(lengths, {.tokens = 5}) == std::vector<Rows>{{1}, {3}, {2}, {0, 4}});
  CHECK(length_groups(lengths, {.rows = 2}) == std::vector<Rows>{{1, 3}, {2, 0}, {4}});
  CHECK(length_groups({}, {.tokens = 5}).empty());
}

}  // namespace
}  // namespace phatgoose
