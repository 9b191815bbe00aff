// train-expert: LoRA on every linear of a frozen base (METHODS 3.1; PHATGOOSE step 1), on one data set or on several at
// once, without its gate or together with it (METHODS 4: multitask, joint gate).
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/settings/train_expert.h"
#include "phatgoose/train/trainer.h"

namespace phatgoose {

/// Trains on `device` with the frozen base in `dtype`, and writes the expert directory settings.out: PEFT's two files,
/// with settings.joint_gate the gate, then the manifest. Continues a run that was stopped; does nothing when the expert
/// is finished. With other settings than the run was begun with: usage error.
TrainingOutcome train_expert(TrainExpertSettings settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
