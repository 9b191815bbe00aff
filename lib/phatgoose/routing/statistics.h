// How much weight each expert carried, gathered while a routed model runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/nn/packing.h"
#include "phatgoose/routing/selection.h"

namespace phatgoose {

/// Sums over everything seen since construction. Linears and experts are numbered as RoutedModel numbers them.
class RoutingStatistics {
 public:
  RoutingStatistics(std::int64_t linears, std::int64_t experts);

  /// Adds the choices of one linear for one packed batch. `expert_of_column[c]` is the expert behind column c.
  void record(std::int64_t linear, const Selection& selection, std::span<const std::int32_t> expert_of_column,
              const Packing& packing);

  std::int64_t linears() const { return linears_; }
  std::int64_t experts() const { return experts_; }
  /// Sum of the expert's weights over the tokens that passed the linear, and how often it was chosen.
  const std::vector<double>& weights() const { return weights_; }      ///< [linears * experts]
  const std::vector<std::int64_t>& counts() const { return counts_; }  ///< [linears * experts]
  const std::vector<std::int64_t>& tokens() const { return tokens_; }  ///< [linears]

  /// Mean weight of every expert for packed row `row`, over the linears and tokens that were routed. Rows of the
  /// encoder and of the decoder are taken together by their number, so every batch seen must have had the same rows.
  /// Zeros for a row never seen.
  std::vector<double> row_weights(std::int64_t row) const;  // [experts]

 private:
  std::int64_t linears_, experts_;
  std::vector<double> weights_, row_sums_;  // row_sums_ [rows * experts]
  std::vector<std::int64_t> counts_, tokens_, row_tokens_;
};

}  // namespace phatgoose
