// Task-level mixtures of experts (METHODS 8): what copies cost beside one, and one-hot routes beside mixed ones.
#pragma once

#include <cstdint>
#include <vector>

#include "phatgoose/bench/pair_cost.h"
#include "phatgoose/data/records.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/store/task_moe_method.h"

namespace phatgoose {

constexpr std::int64_t kBenchCopies = 3;

/// Copies of every layer of a base, with the default router; of a single copy with none.
TaskMoeShape bench_mixture(const T5Config& config, std::int64_t copies);

/// A training step of one copy of every layer, and one of kBenchCopies. The model is left as it was.
PairCost training_beside_one_copy(T5Model& model, const std::vector<Example>& examples, std::int64_t repeats,
                                  std::uint64_t seed);
/// A forward pass without gradients of one copy, and one of kBenchCopies whose routes are one-hot or not.
PairCost forward_beside_one_copy(T5Model& model, const std::vector<Example>& examples, bool one_hot,
                                 std::int64_t repeats, std::uint64_t seed);

}  // namespace phatgoose
