// Where and how a computing command computes.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/settings/common.h"

namespace phatgoose {

struct Machine {
  at::Device device;
  at::ScalarType dtype;  ///< of the frozen weights
};

/// Sets the number of threads, resolves device and dtype, and logs all three.
Machine prepare_machine(const CommonSettings& common);

}  // namespace phatgoose
