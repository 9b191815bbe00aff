#include "phatgoose/routing/adapted_model.h"

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/error.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {

T5Model load_base(const fs::path& base, at::Device device, at::ScalarType dtype) {
  T5Model model = T5Model::load(base, device, dtype);
  model.pack_weights();
  return model;
}

std::optional<RoutedModel> adapt(T5Model& model, const fs::path& base, const Adaptation& adaptation) {
  const auto& [expert, routed, changes] = adaptation;
  if (expert && routed) {
    fail(ExitCode::usage, {.where = "--expert, --routed",
                           .found = "both",
                           .expected = "at most one of them",
                           .hint = "a routed model names its experts itself"});
  }
  if (!routed && changes != RoutingChanges()) {
    fail(ExitCode::usage, {.where = "--k, --top-p, --temperature, --enabled",
                           .found = "no --routed",
                           .expected = "a routed model that they change"});
  }
  model.remove_adapters();
  if (expert) {
    const ExpertDirectory directory = ExpertDirectory::open(*expert);
    directory.check_base(model.config(), base_fingerprint(base));
    ExpertParameters::load(directory, linear_groups(model.config()), model.device()).attach(model);
  }
  if (!routed) return std::nullopt;
  return RoutedModel::load(*routed, model, base_fingerprint(base), changes);
}

AdaptedModel load_adapted_model(const fs::path& base, const Adaptation& adaptation, at::Device device,
                                at::ScalarType dtype) {
  AdaptedModel adapted{load_base(base, device, dtype), std::nullopt};
  adapted.routed = adapt(adapted.model, base, adaptation);
  return adapted;
}

}  // namespace phatgoose
