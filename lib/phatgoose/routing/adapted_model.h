// A base model with what a command was asked to put on it: nothing, one expert, routed experts, a modular adapter, or a
// task-level mixture.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "phatgoose/adapters/modular_parameters.h"
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

/// A modular multi-task adapter; rows say their task by its number (RowContext::tasks).
struct ModularChoice {
  fs::path directory;
  std::optional<NewTask> unknown_task;  ///< adds one task for all that it does not know, with the number after its own
};

/// A task-level mixture of experts; rows say their task by its number, where tasks have routes of their own.
struct TaskMoeChoice {
  fs::path directory;
  std::optional<std::string> route = {};      ///< as route_rule() takes it
  std::optional<fs::path> task_vectors = {};  ///< of tasks whose numbers come after its own (added_tasks)
};

/// What is put on a base.
using Adaptation = std::variant<PlainBase, PlainExpert, RoutedModelDirectory, ModularChoice, TaskMoeChoice>;

/// Loads a base for inference: its frozen weights are packed.
T5Model load_base(const fs::path& base, at::Device device, at::ScalarType dtype);
/// Replaces whatever `model`, whose base has the given fingerprint, carries. Returns the routed model, where that is
/// asked for. bad_data when an expert or a modular adapter was made for another base, or lacks factors that its
/// configuration promises, unless `allow_partial`, which is for experts.
std::optional<RoutedModel> adapt(T5Model& model, const std::string& base_fingerprint, const Adaptation& adaptation,
                                 bool allow_partial);
/// Whether adapt() leaves the encoder as it is in the base: no expert that takes part adapts any of its linears. Only
/// the names in the experts' files are read. Never where rows of different tasks are encoded in different ways.
bool leaves_encoder(const Adaptation& adaptation);
/// Both together.
AdaptedModel load_adapted_model(const fs::path& base, const Adaptation& adaptation, bool allow_partial,
                                at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
