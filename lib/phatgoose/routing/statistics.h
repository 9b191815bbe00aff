// How much weight each expert carried, gathered while a routed model runs.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/routing/routing_observer.h"

namespace phatgoose {

/// Sums over everything seen since construction. Linears and experts are numbered as RoutedModel numbers them.
class RoutingStatistics : public RoutingObserver {
 public:
  RoutingStatistics(std::int64_t linears, std::int64_t experts);

  void record(std::int64_t linear, const Selection& selection, std::span<const std::int32_t> expert_of_column,
              const Packing& packing) override;

  std::int64_t linears() const { return linears_; }
  std::int64_t experts() const { return experts_; }
  /// Sum of the expert's weights, each to 2^-24, over the tokens that passed the linear, and how often it was chosen.
  const std::vector<double>& weights() const { return weights_; }      ///< [linears * experts]
  const std::vector<std::int64_t>& counts() const { return counts_; }  ///< [linears * experts]
  const std::vector<std::int64_t>& tokens() const { return tokens_; }  ///< [linears]

 private:
  std::int64_t linears_, experts_;
  std::vector<double> weights_;
  std::vector<std::int64_t> counts_, tokens_;
};

}  // namespace phatgoose
