// The one base in memory that every method of an evaluation puts its experts on in turn.
#pragma once

#include <optional>
#include <string>

#include "phatgoose/routing/adapted_model.h"

namespace phatgoose {

class MethodModel {
 public:
  /// `base_fingerprint`: of the directory that `model` comes from.
  MethodModel(T5Model model, std::string base_fingerprint)
      : model_(std::move(model)), base_fingerprint_(std::move(base_fingerprint)) {}

  /// Replaces what the base carries (adapt()). Experts that are there already, where only their selection changes, are
  /// not loaded again. Returns the routed model, valid until the next call, or null where none is asked for.
  RoutedModel* put_on(const Adaptation& adaptation);

  const T5Model& model() const { return model_; }

 private:
  T5Model model_;
  std::string base_fingerprint_;
  std::optional<RoutedModel> routed_;
  Adaptation adaptation_;  // what is on the model; of routed_
};

}  // namespace phatgoose
