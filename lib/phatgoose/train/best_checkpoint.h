// Which of the validated states is the result of a training (METHODS 3.1).
#pragma once

#include <cstdint>
#include <optional>

#include "phatgoose/base/json.h"

namespace phatgoose {

/// What validation found for one state of the parameters.
struct Validation {
  double loss = 0;                   ///< of the objective, without dropout
  std::optional<double> accuracy{};  ///< of rank classification, where every validation row has choices
};

/// Keeps the best validation so far: the highest accuracy where there is one, otherwise the lowest loss; ties go to the
/// later.
class BestCheckpoint {
 public:
  /// True when this validation becomes the best.
  bool offer(std::int64_t step, const Validation& validation);

  /// Nothing until something was offered.
  std::optional<std::int64_t> step() const { return step_; }
  const Validation& validation() const { return validation_; }

  Json to_json() const;  ///< null while empty
  static BestCheckpoint from_json(const Json& json);

 private:
  std::optional<std::int64_t> step_;
  Validation validation_;
};

}  // namespace phatgoose
