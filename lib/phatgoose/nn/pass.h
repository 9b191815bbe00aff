// What travels through a forward pass besides the activations.
#pragma once

#include "phatgoose/nn/dropout.h"
#include "phatgoose/nn/packing.h"

namespace phatgoose {

/// The context of rows of which nothing is known.
inline const RowContext kNothingKnown;

/// The tokens that a layer sees, what is known of their rows, and the noise of the step. Passed down by reference;
/// cheap to make.
struct Pass {
  const Packing& packing;                  ///< of the packed tokens that the layer works on
  const RowContext& rows = kNothingKnown;  ///< of the same rows
  const Dropout* dropout = nullptr;        ///< null: no dropout (evaluation)
  bool base_alone = false;                 ///< the frozen weights only: adapters and updates are passed over
};

}  // namespace phatgoose
