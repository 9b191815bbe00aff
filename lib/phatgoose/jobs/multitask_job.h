// `phatgoose train-multitask`: one adapter for many tasks (METHODS 7, stage 1).
#pragma once

#include "phatgoose/jobs/training_job.h"
#include "phatgoose/settings/train_multitask.h"

namespace phatgoose {

/// Trains a modular adapter, or a LoRA where the method is "lora"; a LoRA is an expert directory, the others are as
/// store/modular_directory.h says. Errors as TrainingJob::run().
TrainingOutcome train_multitask(TrainMultitaskSettings settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
