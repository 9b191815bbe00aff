// Which rows are computed together: in the steps of training, and in passes of bounded size.
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

/// Groups rows 0 ... lengths.size() - 1 by similar length, the longest first, where lengths[i] is what row i counts in
/// tokens: at most `tokens` in each group (0: no limit), or a single row.
std::vector<std::vector<std::int64_t>> length_groups(std::span<const std::int64_t> lengths, std::int64_t tokens);

/// Indices of `examples` in passes of at most `tokens` tokens as token_count() counts them (one example at least), rows
/// of similar length together.
std::vector<std::vector<std::int64_t>> passes_of(std::span<const Example> examples, std::int64_t tokens);

std::int64_t target_token_count(std::span<const Example> examples);
/// Of inputs and of their answers: the choices where they were read, otherwise the target.
std::int64_t token_count(std::span<const Example> examples);

}  // namespace phatgoose
