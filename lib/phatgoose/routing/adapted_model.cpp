#include "phatgoose/routing/adapted_model.h"

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/error.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {

AdaptedModel load_adapted_model(const fs::path& base, const std::optional<std::string>& expert,
                                const std::optional<std::string>& routed, at::Device device, at::ScalarType dtype) {
  if (expert && routed) {
    fail(ExitCode::usage, {.where = "--expert, --routed",
                           .found = "both",
                           .expected = "at most one of them",
                           .hint = "a routed model names its experts itself"});
  }
  AdaptedModel adapted{T5Model::load(base, device, dtype), std::nullopt};
  adapted.model.pack_weights();
  if (expert) {
    const ExpertDirectory directory = ExpertDirectory::open(*expert);
    directory.check_base(adapted.model.config(), base_fingerprint(base));
    ExpertParameters::load(directory, linear_groups(adapted.model.config()), device).attach(adapted.model);
  }
  if (routed) adapted.routed = RoutedModel::load(*routed, adapted.model, base_fingerprint(base));
  return adapted;
}

}  // namespace phatgoose
