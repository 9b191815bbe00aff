// Who is told what the routed adapters of a model choose.
#pragma once

#include <cstdint>
#include <span>

#include "phatgoose/nn/packing.h"
#include "phatgoose/routing/selection.h"

namespace phatgoose {

class RoutingObserver {
 public:
  virtual ~RoutingObserver() = default;

  /// The choices of one linear for one packed batch. Linears and experts are numbered as RoutedModel numbers them;
  /// `expert_of_column[c]` is the expert behind column c of the selection.
  virtual void record(std::int64_t linear, const Selection& selection, std::span<const std::int32_t> expert_of_column,
                      const Packing& packing) = 0;
};

}  // namespace phatgoose
