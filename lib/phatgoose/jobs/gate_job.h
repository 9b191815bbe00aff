// train-gate: the post-hoc gate of a finished expert (METHODS 3.2; PHATGOOSE step 2). Base and LoRA stay as they are.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/base/files.h"
#include "phatgoose/settings/train_gate.h"
#include "phatgoose/train/trainer.h"

namespace phatgoose {

/// Where the result lies: settings.out, or else the expert itself.
fs::path gate_destination(const TrainGateSettings& settings);

/// Trains the gate of settings.expert on `device`, base in `dtype`, and puts it into gate_destination(): the run in its
/// folder gate-run, then gate.safetensors, the manifest last. Continues a run that was stopped; does nothing when this
/// gate is finished. Another gate that is there already: usage error, unless settings.retrain; then the run is in the
/// folder gate-run.new until the new gate is finished and replaces the old one, and its run the old run.
TrainingOutcome train_gate(TrainGateSettings settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
