#include "phatgoose/data/batching.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "phatgoose/base/error.h"
#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

/// Cuts `count` items, taken in order, into runs within `limit`; `length(i)` is what item i counts in tokens.
template <typename Length>
std::vector<std::pair<std::size_t, std::size_t>> cut_runs(std::size_t count, const BatchLimit& limit, Length&& length) {
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::int64_t more = length(i);
    const bool open = !runs.empty();
    const bool full =
        open && ((limit.tokens > 0 && tokens + more > limit.tokens) ||
                 (limit.rows > 0 && runs.back().second - runs.back().first == static_cast<std::size_t>(limit.rows)));
    if (!open || full) {
      runs.emplace_back(i, i);
      tokens = 0;
    }
    runs.back().second = i + 1;
    tokens += more;
  }
  return runs;
}

}  // namespace

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

std::vector<MicroBatch> micro_batches(std::span<const std::int64_t> global_batch, std::span<const Example> examples,
                                      const BatchLimit& limit) {
  const auto lengths = [&](std::int64_t place) {
    const Example& example = examples[static_cast<std::size_t>(global_batch[static_cast<std::size_t>(place)])];
    return std::pair(example.input.size(), example.target.size());
  };
  std::vector<std::int64_t> places(global_batch.size());
  std::iota(places.begin(), places.end(), std::int64_t{0});
  std::stable_sort(places.begin(), places.end(),
                   [&](std::int64_t a, std::int64_t b) { return lengths(a) > lengths(b); });

  const auto runs = cut_runs(places.size(), limit, [&](std::size_t i) {
    const auto [input, target] = lengths(places[i]);
    return static_cast<std::int64_t>(input + target);
  });
  std::vector<MicroBatch> batches(runs.size());
  for (std::size_t run = 0; run < runs.size(); ++run) {
    for (std::size_t i = runs[run].first; i < runs[run].second; ++i) {
      batches[run].places.push_back(places[i]);
      batches[run].rows.push_back(global_batch[static_cast<std::size_t>(places[i])]);
    }
  }
  return batches;
}

std::vector<std::vector<std::int64_t>> length_groups(std::span<const std::int64_t> lengths, const BatchLimit& limit) {
  const auto length = [&](std::int64_t row) { return lengths[static_cast<std::size_t>(row)]; };
  std::vector<std::int64_t> order(lengths.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return length(a) > length(b); });
  std::vector<std::vector<std::int64_t>> groups;
  for (const auto& [begin, end] : cut_runs(order.size(), limit, [&](std::size_t i) { return length(order[i]); })) {
    groups.emplace_back(order.begin() + static_cast<std::ptrdiff_t>(begin),
                        order.begin() + static_cast<std::ptrdiff_t>(end));
  }
  return groups;
}

}  // namespace phatgoose
