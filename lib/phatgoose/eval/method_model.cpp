#include "phatgoose/eval/method_model.h"

#include "phatgoose/nn/device.h"

namespace phatgoose {

RoutedModel* MethodModel::put_on(const Adaptation& adaptation) {
  if (routed_ && adaptation.routed == adaptation_.routed &&
      adaptation.changes.same_but_for_selection(adaptation_.changes)) {
    const std::string& directory = *adaptation.routed;
    routed_->select(changed(read_routed_model(directory), adaptation.changes, directory).routing.selection());
    routed_->exclude(std::nullopt);
    return &*routed_;
  }
  routed_.reset();  // its experts, and what the last passes left, must not be in memory together with the next ones
  model_.remove_adapters();
  return_freed_memory();
  routed_ = adapt(model_, base_fingerprint_, adaptation);
  adaptation_ = adaptation;
  return routed_ ? &*routed_ : nullptr;
}

}  // namespace phatgoose
