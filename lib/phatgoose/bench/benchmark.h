// phatgoose bench: the speed of the model, of training steps, of routing and of scoring, compared with the speed of a
// matrix product on the same machine in the same run.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/settings/bench.h"

namespace phatgoose {

/// Hands every measurement to `on_line` as soon as it is made: {"work", "value", "unit", "share_of_gemm_peak"}, the
/// share null where no FLOPs are counted. The first is the GEMM peak itself, where one is needed. Works on modular
/// adapters make several, named after method and tasks. `program` is what a cold start executes: a
/// phatgoose-bench.
void run_benchmark(const BenchSettings& settings, at::Device device, at::ScalarType dtype, const fs::path& program,
                   const std::function<void(const Json&)>& on_line);

}  // namespace phatgoose
