// The models that a task-level mixture's tasks are computed by, each a plain one of its own.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/task_moe/task_moe_files.h"

namespace phatgoose {

class TaskModels {
 public:
  /// `option`: what names the mixture. A mixture of another base, or vectors that do not fit it: bad_data.
  static TaskModels open(const TaskMoeChoice& choice, const char* option, const T5Config& config,
                         const std::string& fingerprint);

  const TaskMoeDirectory& mixture() const { return mixture_; }
  /// Whether tasks have models of their own.
  bool by_task() const;
  /// The weights of the copies for a task, which is not looked at where all tasks have the same. A task without a
  /// route, or a route that no single layer computes, without a rule that says what to do with it: usage error.
  at::Tensor route(const std::string& task) const;  // [L, m] fp32, CPU
  /// Gives `model`, the base in fp32, the layers of the task.
  void put_on(T5Model& model, const std::string& task) const;

 private:
  TaskModels(TaskMoeDirectory mixture, const char* option) : mixture_(std::move(mixture)), option_(option) {}

  std::int64_t row_of(const std::string& task) const;

  TaskMoeDirectory mixture_;
  const char* option_;
  bool rule_given_ = false;
  std::vector<std::string> tasks_;  // the mixture's, then the added ones
  at::Tensor routes_;               // [tasks or 1, L, m]
};

}  // namespace phatgoose
