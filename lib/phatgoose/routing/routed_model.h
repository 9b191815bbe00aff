// A routed model in memory: the experts of a routed model directory on a frozen base.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/routing/routed_adapter.h"
#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {

/// Puts routed adapters on every group of a model, which keeps them.
class RoutedModel {
 public:
  /// Experts that are not enabled in the manifest are left out. bad_data when the base is another one, an expert is
  /// missing, has changed since the routed model was built, or does not fit.
  static RoutedModel load(const fs::path& directory, T5Model& model, const std::string& base_fingerprint);

  /// The same for experts at hand, which must fit the model.
  RoutedModel(T5Model& model, std::span<const ExpertDirectory> experts, const std::string& router,
              const SelectionSettings& selection);

  /// Enabled experts, in order.
  const std::vector<std::string>& expert_names() const { return expert_names_; }
  /// Module paths of all adaptable linears, in the order of linear_groups(): the numbers used in the statistics.
  const std::vector<std::string>& linear_paths() const { return linear_paths_; }

  /// Statistics of the right size for this model.
  RoutingStatistics make_statistics() const;
  /// From now on choices are added to `statistics`, which must stay alive; null stops that.
  void observe(RoutingStatistics* statistics) const { observer_->statistics = statistics; }

 private:
  std::vector<std::string> expert_names_, linear_paths_;
  std::shared_ptr<RoutingObserver> observer_ = std::make_shared<RoutingObserver>();
};

}  // namespace phatgoose
