// Clocks, and the yardstick of every measurement: the speed of a large matrix product on the same machine.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace phatgoose {

/// Seconds that one call takes.
double seconds_of(const std::function<void()>& work);

/// The fewest seconds of `repeats` calls after one that does not count.
double best_seconds(std::int64_t repeats, const std::function<void()>& work);

/// FLOP/s of a square matrix product, the best of several by the faster of the libraries at hand.
double gemm_peak(at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
