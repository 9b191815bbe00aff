// The seam between routing methods: a router gives scores, everything after them is shared. Routers are listed in
// store/router_kinds.cpp; one that compares tokens in a new way has a file of its own here and a case in router.cpp.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "phatgoose/nn/pass.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/routing_settings.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// Scores for all the linears of one group. Column S of the scores stands for one competitor: a linear of the group,
/// and an expert that adapts it.
class Router {
 public:
  virtual ~Router() = default;

  /// `u` [N, in] is the group's input in the compute dtype. fp32 whatever that is; no gradient.
  virtual at::Tensor scores(const at::Tensor& u, const Pass& pass) const = 0;  // [N, S]
};

/// One column of the scores.
struct Competitor {
  std::size_t linear;  ///< index in the group
  std::size_t expert;  ///< index among the routed experts
};

/// What a router is made from.
struct RouterInputs {
  const LinearGroupSpec& group;
  std::span<const LinearVectors> prototypes;  ///< of every expert: its vector for each linear; none where not needed
  std::span<const Competitor> competitors;    ///< by linear, then by expert
  at::Device device;
  const RoutingSettings& settings;  ///< of the model: nothing is left to the defaults
};

/// Makes the router that the settings name for one group; bad_data when an expert lacks what it needs.
std::unique_ptr<Router> make_router(const RouterInputs& inputs);

/// The competitors' prototypes one below the other, fp32; bad_data where one is missing.
at::Tensor gather_prototypes(const RouterInputs& inputs);  // [S, in]

}  // namespace phatgoose
