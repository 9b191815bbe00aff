// Clocks, the fresh process of a cold start, and the yardstick of every measurement: the speed of a large matrix
// product on the same machine.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// Seconds that one call takes.
double seconds_of(const std::function<void()>& work);

/// The fewest seconds of `repeats` calls after one that does not count.
double best_seconds(std::int64_t repeats, const std::function<void()>& work);

/// Of two pieces of work.
struct PairSeconds {
  double first, second;
};

/// The fewest seconds of each, after a first run of either that does not count. They alternate, so that whatever else
/// the machine does hits both.
PairSeconds alternating_seconds(std::int64_t repeats, const std::function<void()>& first,
                                const std::function<void()>& second);

/// Runs `program` to its end with stdout discarded; cannot_finish unless it ends with 0.
void run_fresh_process(const fs::path& program, std::vector<std::string> arguments);

/// FLOP/s of a square matrix product, the best of several by the faster of the libraries at hand.
double gemm_peak(at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
