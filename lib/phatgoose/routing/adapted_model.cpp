#include "phatgoose/routing/adapted_model.h"

#include <algorithm>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/base/error.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {

T5Model load_base(const fs::path& base, at::Device device, at::ScalarType dtype) {
  T5Model model = T5Model::load(base, device, dtype);
  model.pack_weights();
  return model;
}

std::optional<RoutedModel> adapt(T5Model& model, const std::string& base_fingerprint, const Adaptation& adaptation) {
  const auto& [expert, routed, changes, allow_partial] = adaptation;
  if (expert && routed) {
    refuse_usage("--expert, --routed", "both", "at most one of them", "a routed model already names its experts");
  }
  if (!routed && !changes.given().empty()) {
    refuse_usage(changes.given(), "no --routed", "a routed model to apply them to");
  }
  model.remove_adapters();
  if (expert) {
    const ExpertDirectory directory = ExpertDirectory::open(*expert);
    directory.check_base(model.config(), base_fingerprint, allow_partial);
    load_adapters(directory, linear_groups(model.config()), model.device())->attach(model);
  }
  if (!routed) return std::nullopt;
  return RoutedModel::load(*routed, model, base_fingerprint, changes, allow_partial);
}

bool leaves_encoder(const Adaptation& adaptation) {
  const auto leaves = [](const fs::path& expert) {
    const ExpertDirectory directory = ExpertDirectory::open(expert, /*check_values=*/false);
    return std::ranges::none_of(directory.loras(), [](const auto& lora) { return lora.first.starts_with("encoder."); });
  };
  if (adaptation.expert) return leaves(*adaptation.expert);
  if (!adaptation.routed) return true;
  const fs::path routed = *adaptation.routed;
  const RoutedModelManifest manifest = changed(read_routed_model(routed), adaptation.changes, routed.string());
  return std::ranges::all_of(manifest.experts,
                             [&](const auto& expert) { return !expert.enabled || leaves(routed / expert.path); });
}

AdaptedModel load_adapted_model(const fs::path& base, const Adaptation& adaptation, at::Device device,
                                at::ScalarType dtype) {
  AdaptedModel adapted{load_base(base, device, dtype), std::nullopt};
  adapted.routed = adapt(adapted.model, base_fingerprint(base), adaptation);
  return adapted;
}

}  // namespace phatgoose
