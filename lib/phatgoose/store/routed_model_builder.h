// phatgoose build: expert directories become a routed model directory. No data, nothing trained, no LibTorch.
#pragma once

#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {

struct RoutedModelPlan {
  fs::path model;
  std::vector<NamedDirectory> experts;  ///< in this order; their names must differ
  fs::path out;
  RoutingSettings routing = {};  ///< what is not given: defaults()
  bool allow_partial = false;    ///< admit experts that lack factors which their configuration promises
  bool pack = false;             ///< copy the experts into the directory, so that it can be moved
};

/// Checks every expert against the base (fingerprint where the expert has one, module paths and shapes always), what
/// the router needs of it, its values and its name, then writes the directory as a whole. A directory that holds this
/// very model already is left as it is. bad_data for unusable experts; usage for an unknown name in `enabled`, settings
/// that the router does not take, or a foreign `out`.
void build_routed_model(const RoutedModelPlan& plan);

}  // namespace phatgoose
