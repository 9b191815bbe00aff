// The one base in memory that every method of an evaluation puts its experts on in turn.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/routing/adapted_model.h"

namespace phatgoose {

class SharedBase {
 public:
  /// `fingerprint`: of the directory that `model` comes from.
  SharedBase(T5Model model, std::string fingerprint, bool allow_partial)
      : model_(std::move(model)), fingerprint_(std::move(fingerprint)), allow_partial_(allow_partial) {}

  /// Replaces what the base carries (adapt()). Experts that are there already, where only their selection changes, are
  /// not loaded again. Returns the routed model, valid until the next call, or null where none is asked for.
  RoutedModel* put_on(const Adaptation& adaptation);

  const T5Model& model() const { return model_; }

 private:
  T5Model model_;
  std::string fingerprint_;
  bool allow_partial_;
  std::optional<RoutedModel> routed_;
  Adaptation adaptation_;  // what is on the model
};

}  // namespace phatgoose
