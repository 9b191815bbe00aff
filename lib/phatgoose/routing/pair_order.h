// The (token, expert) pairs of one linear, sorted by expert, so that each expert works on its tokens in one go.
#pragma once

#include <cstdint>
#include <vector>

#include "phatgoose/routing/selection.h"

namespace phatgoose {

/// Pairs sorted by expert, then by slot (0: the token's largest score), then by token.
class PairOrder {
 public:
  /// `experts`: the number of columns that `selection` chose from.
  PairOrder(const Selection& selection, std::int64_t experts);

  std::int64_t experts() const { return experts_; }
  std::int64_t slots() const { return slots_; }
  std::int64_t pairs() const { return begins_.back(); }
  /// Pairs [begin(e), end(e)) belong to expert e.
  std::int64_t begin(std::int64_t expert) const { return begins_[expert * slots_]; }
  std::int64_t end(std::int64_t expert) const { return begins_[(expert + 1) * slots_]; }
  /// Of these, [begin(e, slot), end(e, slot)) are some tokens' choice number `slot`.
  std::int64_t begin(std::int64_t expert, std::int64_t slot) const { return begins_[expert * slots_ + slot]; }
  std::int64_t end(std::int64_t expert, std::int64_t slot) const { return begins_[expert * slots_ + slot + 1]; }
  /// The expert of a pair.
  std::int64_t expert_of(std::int64_t pair) const;

  const std::int32_t* tokens() const { return tokens_.data(); }  ///< [pairs]
  const float* weights() const { return weights_.data(); }       ///< [pairs]

 private:
  std::int64_t experts_, slots_;
  std::vector<std::int64_t> begins_;  // [experts * slots + 1]
  std::vector<std::int32_t> tokens_;
  std::vector<float> weights_;
};

}  // namespace phatgoose
