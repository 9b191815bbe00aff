// `phatgoose train-task-moe`: a task-level mixture of experts (METHODS 8).
#pragma once

#include "phatgoose/jobs/training_job.h"
#include "phatgoose/settings/train_task_moe.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// Trains a mixture, which is a directory as store/task_moe_directory.h says. Errors as TrainingJob::run(); a mixture
/// that does not fit into the memory that is available: cannot_finish, before anything is read.
TrainingOutcome train_task_moe(TrainTaskMoeSettings settings, at::Device device);

/// The mixed layers that `modules` name: "encoder", "decoder", "encoder.block.0"; none: all. Usage error at --layers
/// for a module that has none.
std::vector<std::string> mixed_layers(const std::vector<std::string>& modules, const T5Config& config);

/// Main memory that training takes besides the base and the activations of a pass: the copies, their gradients and the
/// two moments of AdamW, and with `validates` the best state.
std::int64_t training_memory(const TaskMoeShape& shape, const T5Config& config, bool validates);
/// cannot_finish where that is more than there is.
void check_memory(const TaskMoeShape& shape, std::int64_t needed, std::int64_t available);

}  // namespace phatgoose
