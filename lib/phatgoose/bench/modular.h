// Modular multi-task adapters (METHODS 6, 7) beside LoRA: how large they are, and how long a pass takes.
#pragma once

#include <cstdint>
#include <vector>

#include "phatgoose/bench/pair_cost.h"
#include "phatgoose/data/records.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/store/modular_method.h"

namespace phatgoose {

/// Tasks of the adapters that are measured.
constexpr std::int64_t kBenchTasks = 8;

/// The sizes that train-multitask gives a method by default; leaves make factors of `rank`, and mhr has as many splits,
/// up to 64, as the linears of the base can have.
ModularShape bench_shape(ModularMethod method, const T5Config& config, std::int64_t rank);

/// Numbers that are trained, of all linears of a base together.
struct AdapterSizes {
  std::int64_t parameters = 0;
  std::int64_t routing = 0;  ///< of one task
};
AdapterSizes sizes_of(const ModularShape& shape, const T5Config& config);
/// Of a LoRA on every linear.
std::int64_t lora_parameters(const T5Config& config, std::int64_t rank);

/// A training step with LoRA of `rank`, which comes first, and one with the modular adapter, whose mixtures are built
/// once in it. The model is left without adapters.
PairCost training_beside_lora(T5Model& model, const ModularShape& shape, std::int64_t rank,
                              const std::vector<Example>& examples, std::int64_t repeats, std::uint64_t seed);
/// The same of forward passes without gradients, in which mixtures are kept from one to the next.
PairCost forward_beside_lora(T5Model& model, const ModularShape& shape, std::int64_t rank,
                             const std::vector<Example>& examples, std::int64_t repeats, std::uint64_t seed);

}  // namespace phatgoose
