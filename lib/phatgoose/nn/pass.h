// What travels through a forward pass besides the activations.
#pragma once

#include "phatgoose/nn/dropout.h"
#include "phatgoose/nn/packing.h"

namespace phatgoose {

/// The tokens that a layer sees, and the noise of the step. Passed down by reference; cheap to make.
struct Pass {
  const Packing& packing;            ///< of the packed tokens that the layer works on
  const Dropout* dropout = nullptr;  ///< null: no dropout (evaluation)
};

}  // namespace phatgoose
