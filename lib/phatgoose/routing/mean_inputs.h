// Average activation (METHODS 4): the mean input of every linear group over examples, the expert active.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

/// Mean input of every group of `model`, with the adapters that it carries: inputs that come from the encoder (keys and
/// values of cross-attention included) averaged over an example's input tokens, those of the decoder over its target
/// tokens, then over the examples. In the order of T5Model::groups(); fp32 on the CPU. Sums are taken in fp64. At most
/// about `token_limit` tokens go through the model at once.
std::vector<at::Tensor> mean_inputs(T5Model& model, std::span<const Example> examples,
                                    std::int64_t token_limit);  // per group [in]

}  // namespace phatgoose
