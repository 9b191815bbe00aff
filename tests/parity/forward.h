// A whole forward pass of a batch in few words, for tests.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <span>
#include <string>

#include "phatgoose/nn/t5_model.h"

namespace phatgoose::parity {

/// Decoder states of every target row given the source row of the same number.
at::Tensor decoder_states(const T5Model& model, std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                          const Dropout* dropout = nullptr);  // [N_tgt, D]
at::Tensor forward_logits(const T5Model& model, std::span<const TokenIds> sources,
                          std::span<const TokenIds> targets);  // [N_tgt, V]
/// Sum of the cross-entropy over all target tokens.
at::Tensor loss_sum(const T5Model& model, std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                    const Dropout* dropout = nullptr);  // []
at::Tensor mean_loss(const T5Model& model, std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                     const Dropout* dropout = nullptr);  // []

std::int64_t token_count(std::span<const TokenIds> rows);

/// Makes every tensor of the base a leaf to train.
void require_gradients(const T5Model& model);
/// The gradients of the base under their Hugging Face names, cut out of the fused weights'.
std::map<std::string, at::Tensor> base_gradients(const T5Model& model);

}  // namespace phatgoose::parity
