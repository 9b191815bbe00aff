#include "phatgoose/eval/shared_base.h"

#include "phatgoose/nn/device.h"

namespace phatgoose {

RoutedModel* SharedBase::put_on(const Adaptation& adaptation) {
  const auto* present = std::get_if<RoutedModelDirectory>(&adaptation_);
  const auto* asked = std::get_if<RoutedModelDirectory>(&adaptation);
  if (routed_ && present != nullptr && asked != nullptr && asked->same_but_for_selection(*present)) {
    routed_->select(asked->manifest.routing.selection());
    routed_->exclude(std::nullopt);
    return &*routed_;
  }
  routed_.reset();  // its experts, and what the last passes left, must not be in memory together with the next ones
  model_.remove_adapters();
  return_freed_memory();
  routed_ = adapt(model_, fingerprint_, adaptation, allow_partial_);
  adaptation_ = adaptation;
  return routed_ ? &*routed_ : nullptr;
}

}  // namespace phatgoose
