// Cross-entropy of target sequences given their inputs (the loss of METHODS 3.1), in passes of bounded size.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

/// Indices of `examples` in passes of at most `tokens` input and target tokens (one example at least), rows of similar
/// length together.
std::vector<std::vector<std::int64_t>> passes_of(std::span<const Example> examples, std::int64_t tokens);

std::int64_t target_token_count(std::span<const Example> examples);
/// Of inputs and targets.
std::int64_t token_count(std::span<const Example> examples);

/// Sum over all target tokens of the chosen rows of -log p(token), fp32. Differentiable when gradients are enabled.
at::Tensor sequence_loss_sum(const T5Model& model, std::span<const Example> examples,
                             std::span<const std::int64_t> rows, const Dropout* dropout = nullptr);  // []

/// Mean cross-entropy per target token over all examples, without dropout and gradients. Nothing when a stop was
/// requested meanwhile.
std::optional<double> mean_loss(const T5Model& model, std::span<const Example> examples, std::int64_t pass_tokens);

}  // namespace phatgoose
