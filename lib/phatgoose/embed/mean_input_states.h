// The mean encoder states of inputs: what the text vector of a task is made of (METHODS 8).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "phatgoose/data/after_rows.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/text/tokenizer.h"

namespace phatgoose {

/// For each input (one id at least) the mean of the encoder's final states over its tokens without the first and the
/// last; over all tokens of an input that has no others. The base alone, without gradients; at most about `pass_tokens`
/// tokens in one pass.
at::Tensor mean_input_states(const T5Model& model, std::span<const TokenIds> inputs, std::int64_t pass_tokens,
                             const AfterRows& after_rows = kNobodyAsks);  // [n, D] fp32 on the CPU

}  // namespace phatgoose
