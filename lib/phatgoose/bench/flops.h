// Floating-point operations that a pass needs, counted from the configuration.
//
// Forward: 2 for each weight of a linear and each token that passes it, the head on target tokens included, and 4 H K
// for each pair of query and key. A training step on a frozen base: twice the forward of the linears (forward, and the
// gradient of their input), three times that of attention, and 6 for each LoRA parameter and token. Norms,
// nonlinearities and the softmax are left out.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// Lengths of the rows of a batch. Every target attends to the source of its own row.
struct RowLengths {
  std::vector<std::int64_t> inputs;
  std::vector<std::int64_t> targets;
  std::int64_t targets_per_input = 1;  ///< targets [i t, (i + 1) t) belong to input i

  std::int64_t input_tokens() const;
  std::int64_t target_tokens() const;
};

double forward_flops(const T5Config& config, const RowLengths& rows);
/// What LoRA of `rank` adds to a forward pass.
double lora_flops(const T5Config& config, const RowLengths& rows, std::int64_t rank);
/// What routing among `experts` adds to a forward pass: all scores, and `k` LoRAs of `rank`.
double routing_flops(const T5Config& config, const RowLengths& rows, std::int64_t rank, std::int64_t experts,
                     std::int64_t k);
/// A step that trains LoRA of `rank`, or the gates of such an expert.
double training_flops(const T5Config& config, const RowLengths& rows, std::int64_t rank);

}  // namespace phatgoose
