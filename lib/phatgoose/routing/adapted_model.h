// A base model with what a command was asked to put on it: nothing, one expert, or routed experts.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/routing/routed_model.h"

namespace phatgoose {

struct AdaptedModel {
  T5Model model;
  std::optional<RoutedModel> routed;  ///< where routed experts were asked for
};

struct PlainBase {};

/// The LoRA of one expert; its gate is not used.
struct PlainExpert {
  fs::path directory;
};

/// What is put on a base.
using Adaptation = std::variant<PlainBase, PlainExpert, RoutedModelDirectory>;

/// Loads a base for inference: its frozen weights are packed.
T5Model load_base(const fs::path& base, at::Device device, at::ScalarType dtype);
/// Replaces whatever `model`, whose base has the given fingerprint, carries. Returns the routed model, where that is
/// asked for. bad_data when an expert was made for another base, or lacks factors that its configuration promises,
/// unless `allow_partial`.
std::optional<RoutedModel> adapt(T5Model& model, const std::string& base_fingerprint, const Adaptation& adaptation,
                                 bool allow_partial);
/// Whether adapt() leaves the encoder as it is in the base: no expert that takes part adapts any of its linears. Only
/// the names in the experts' files are read.
bool leaves_encoder(const Adaptation& adaptation);
/// Both together.
AdaptedModel load_adapted_model(const fs::path& base, const Adaptation& adaptation, bool allow_partial,
                                at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
