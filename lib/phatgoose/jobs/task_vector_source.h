// What a task's vector is computed from, before any reduction (METHODS 8): one class for each way.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "phatgoose/data/after_rows.h"
#include "phatgoose/embed/sentence_encoder.h"
#include "phatgoose/jobs/preparation.h"
#include "phatgoose/store/task_vectors_directory.h"

namespace phatgoose {

struct RowsOfTask {
  std::string task;
  std::vector<std::string> files;
  std::vector<DrawnRow> rows;  ///< refer to `files`
};

/// Holds what it needs of the rows of the tasks that were added to it.
class TaskVectorSource {
 public:
  virtual ~TaskVectorSource() = default;

  /// Adds the next task. bad_data for rows that it cannot read.
  virtual void add(const RowsOfTask& task) = 0;
  /// Of the task that was added as number `task`, from 0.
  virtual at::Tensor vector(std::size_t task, const AfterRows& after_rows) = 0;  // [n] fp64 on the CPU
};

/// That of a recipe: `encoder` is its sentence encoder, where it has one; otherwise the base is loaded. Passes have at
/// most about `pass_tokens` tokens.
std::unique_ptr<TaskVectorSource> make_task_vector_source(const std::string& base, const TaskVectorRecipe& recipe,
                                                          std::unique_ptr<SentenceEncoder> encoder,
                                                          std::int64_t pass_tokens, at::Device device);

}  // namespace phatgoose
