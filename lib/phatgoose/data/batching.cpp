#include "phatgoose/data/batching.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

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

std::vector<std::vector<std::int64_t>> length_groups(std::span<const std::int64_t> lengths, const BatchLimit& limit) {
  const auto length = [&](std::int64_t row) { return lengths[static_cast<std::size_t>(row)]; };
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return length(a) > length(b); });
  std::vector<std::vector<std::int64_t>> groups;
  std::int64_t tokens = 0;  // of the last group
  for (const std::int64_t row : order) {
    const bool full = groups.empty() || (limit.tokens > 0 && tokens + length(row) > limit.tokens) ||
                      (limit.rows > 0 && std::ssize(groups.back()) == limit.rows);
    if (full) {
      groups.emplace_back();
      tokens = 0;
    }
    groups.back().push_back(row);
    tokens += length(row);
  }
  return groups;
}

}  // namespace phatgoose
