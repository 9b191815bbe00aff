// A base model with what a command was asked to put on it: nothing, one expert, or routed experts.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/routing/routed_model.h"

namespace phatgoose {

struct AdaptedModel {
  T5Model model;
  std::optional<RoutedModel> routed;  ///< where routed experts were asked for
};

/// Loads `base`, and attaches the expert (plain LoRA, its gate is not used) or the routed model, of which at most one
/// may be given (usage error). For inference: the frozen weights are packed. bad_data when they were made for another base.
AdaptedModel load_adapted_model(const fs::path& base, const std::optional<std::string>& expert,
                                const std::optional<std::string>& routed, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
