// Which rows are computed together: global batches of training steps, batches of evaluation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/data/records.h"

namespace phatgoose {

/// An endless order of rows, from which every training step takes the next places.
class RowOrder {
 public:
  virtual ~RowOrder() = default;

  /// The row at 0-based `place`, whatever was asked for before. Asking for neighbouring places in turn is cheapest.
  virtual std::int64_t row_at(std::int64_t place) = 0;
  /// Rows of 0-based step `step`: places [step * batch, (step + 1) * batch) of the endless order.
  std::vector<std::int64_t> global_batch(std::int64_t step, std::int64_t batch);
};

/// Epochs of `rows` rows laid end to end: the order of each is a pure function of (seed, epoch), or file order.
class DataOrder : public RowOrder {
 public:
  DataOrder(std::int64_t rows, std::uint64_t seed, bool shuffle);

  std::int64_t row_at(std::int64_t place) override;

 private:
  std::int64_t rows_;
  std::uint64_t seed_;
  bool shuffle_;
  std::int64_t epoch_ = -1;  // whose order `order_` holds
  std::vector<std::int64_t> order_;
};

/// How much is computed at once. A single row is always admitted.
struct BatchLimit {
  std::int64_t tokens = 0;  ///< most input and target tokens together; 0: no limit
  std::int64_t rows = 0;    ///< most rows; 0: no limit
};

/// Groups rows 0 ... lengths.size() - 1 by similar length, the longest first, each group within `limit` (where
/// lengths[i] is what row i counts in tokens).
std::vector<std::vector<std::int64_t>> length_groups(std::span<const std::int64_t> lengths, const BatchLimit& limit);

}  // namespace phatgoose
