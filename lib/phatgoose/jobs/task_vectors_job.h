// `phatgoose task-vectors`: a vector for each task, from the task's rows (METHODS 8).
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/settings/task_vectors.h"

namespace phatgoose {

/// Writes a directory of task vectors (store/task_vectors_directory.h). A stop signal ends it with ExitCode::stopped;
/// the vectors of the tasks that are done are kept, and the same command continues. A finished directory is left as it
/// is. Where the directory has something else, or was begun with other settings: usage error; rows, bases, encoders and
/// directories that do not fit: bad_data.
void make_task_vectors(TaskVectorsSettings settings, at::Device device);

}  // namespace phatgoose
