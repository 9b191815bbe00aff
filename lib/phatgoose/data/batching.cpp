#include "phatgoose/data/batching.h"

#include <algorithm>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"

namespace phatgoose {

DataOrder::DataOrder(std::int64_t rows, std::uint64_t seed, bool shuffle)
    : rows_(rows), seed_(seed), shuffle_(shuffle) {
  if (rows < 1) fail(ExitCode::bug, {.where = "DataOrder", .found = "no rows", .expected = "at least one", .hint = ""});
}

std::int64_t DataOrder::row_at(std::int64_t place) {
  if (!shuffle_) return place % rows_;
  const std::int64_t epoch = place / rows_;
  if (epoch != epoch_) {
    order_ = permutation(rows_, seed_, static_cast<std::uint64_t>(epoch));
    epoch_ = epoch;
  }
  return order_[static_cast<std::size_t>(place % rows_)];
}

std::vector<std::int64_t> RowOrder::global_batch(std::int64_t step, std::int64_t batch) {
  std::vector<std::int64_t> rows(static_cast<std::size_t>(batch));
  for (std::int64_t i = 0; i < batch; ++i) rows[static_cast<std::size_t>(i)] = row_at(step * batch + i);
  return rows;
}

std::vector<std::vector<std::int64_t>> length_groups(std::span<const std::int64_t> lengths, std::int64_t tokens) {
  const auto length = [&](std::int64_t row) { return lengths[static_cast<std::size_t>(row)]; };
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return length(a) > length(b); });
  std::vector<std::vector<std::int64_t>> groups;
  std::int64_t used = 0;
  for (const std::int64_t row : order) {
    if (groups.empty() || (tokens > 0 && used + length(row) > tokens)) {
      groups.emplace_back();
      used = 0;
    }
    groups.back().push_back(row);
    used += length(row);
  }
  return groups;
}

std::vector<std::vector<std::int64_t>> passes_of(std::span<const Example> examples, std::int64_t tokens) {
  std::vector<std::int64_t> lengths;
  for (const Example& example : examples) lengths.push_back(token_count({&example, 1}));
  return length_groups(lengths, tokens);
}

std::int64_t target_token_count(std::span<const Example> examples) {
  std::int64_t count = 0;
  for (const Example& example : examples) count += std::ssize(example.target);
  return count;
}

std::int64_t token_count(std::span<const Example> examples) {
  std::int64_t count = 0;
  for (const Example& example : examples) {
    count += std::ssize(example.input);
    for (const TokenIds& answer : example.answers()) count += std::ssize(answer);
  }
  return count;
}

}  // namespace phatgoose
