// Which experts every single token used, kept while a routed model runs.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "phatgoose/routing/routing_observer.h"

namespace phatgoose {

struct ExpertWeight {
  std::int32_t expert;
  double weight;
  bool operator==(const ExpertWeight&) const = default;
};
/// The experts of a token, by falling weight.
using ExpertWeights = std::vector<ExpertWeight>;

/// Keeps the choices of one pass: each linear may be seen once.
class TokenTrace : public RoutingObserver {
 public:
  explicit TokenTrace(std::int64_t linears) : linears_(static_cast<std::size_t>(linears)) {}

  void record(std::int64_t linear, const Selection& selection, std::span<const std::int32_t> expert_of_column,
              const Packing& packing) override;

  /// The experts that the linear chose for each token of packed row `row`; empty for a linear that was not routed.
  std::vector<ExpertWeights> row(std::int64_t linear, std::int64_t row) const;

 private:
  struct Choices {
    Selection selection;
    std::vector<std::int32_t> expert_of_column;
    Packing packing;
  };
  std::vector<std::optional<Choices>> linears_;
};

}  // namespace phatgoose
