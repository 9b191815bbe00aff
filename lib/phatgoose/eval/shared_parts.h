// What the methods of one evaluation share: the suite's rows, the base in memory, encoder states.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/eval/encoder_cache.h"
#include "phatgoose/eval/method_model.h"
#include "phatgoose/eval/methods.h"
#include "phatgoose/eval/suite_rows.h"

namespace phatgoose {

/// What is put on the base for one method.
Adaptation adaptation_of(const EvalSettings& settings);

class SharedParts {
 public:
  /// Reads the suite and the methods, whose experts must be of the base. `settings` must outlive this.
  SharedParts(const EvalSettings& settings, at::Device device, at::ScalarType type);

  /// Makes rows, model and encoder, when the first method has something to compute. Rows that lack what a method needs:
  /// bad_data.
  void prepare();

  /// The rows of the tasks of method number `i`.
  std::vector<const TaskRows*> rows_of(std::size_t i) const;
  /// Where method number `i` finds encoder states, or null.
  EncoderCache* encoder_for(std::size_t i) { return sharers_[i] ? &*encoder : nullptr; }
  /// Frees the encoder states when no method after number `i` asks for them.
  void finish(std::size_t i);

  const Suite suite;
  const std::vector<EvalMethod> methods;
  const std::vector<Suite> suites;  ///< the tasks of each method, all of `suite` or some
  const at::ScalarType dtype;
  const std::string base_hash;
  const Json base_record;  ///< what a run remembers of the base
  std::optional<SuiteRows> rows;
  std::optional<MethodModel> model;
  std::optional<EncoderCache> encoder;

 private:
  RowNeeds needs_of(const Task& task) const;
  void check_labels() const;

  const EvalSettings& settings_;
  at::Device device_;
  std::vector<bool> sharers_;
};

}  // namespace phatgoose
