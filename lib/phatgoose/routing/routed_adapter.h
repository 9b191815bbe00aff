// The routed experts of one linear group (METHODS 3.3): scores for all its linears at once, then for each of them
// selection and sparse execution.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/nn/adapter.h"
#include "phatgoose/routing/expert_bank.h"
#include "phatgoose/routing/router.h"
#include "phatgoose/routing/routing_observer.h"
#include "phatgoose/routing/score_sums.h"

namespace phatgoose {

/// What the routed adapters of a model share, and may change between passes.
struct RoutingControl {
  RoutingObserver* observer = nullptr;                        ///< told of every choice; may be null
  ScoreSums* score_sums = nullptr;                            ///< gets the router's scores; may be null
  bool scores_only = false;                                   ///< experts add nothing: a pass of the base
  std::int64_t excluded = -1;                                 ///< this expert does not compete; -1: all do
  std::optional<SelectionSettings> selection = std::nullopt;  ///< in place of the adapters' own
};

class RoutedAdapter : public Adapter {
 public:
  /// One linear of the group with the experts that adapt it.
  struct Member {
    std::int64_t number;  ///< of the linear in the statistics
    std::int64_t column, out;
    std::vector<std::int32_t> experts;  ///< behind the bank's and the scores' columns, in order
    std::unique_ptr<ExpertBank> bank;
  };

  /// `router` scores the members' experts, member after member; what the pass knows of rows and tokens is added.
  /// `shares_of` experts have a share of the weights in every linear, whether they adapt it or not; 0: only those that
  /// do.
  RoutedAdapter(std::vector<Member> members, std::unique_ptr<Router> router, SelectionSettings selection,
                std::shared_ptr<const RoutingControl> control, Mix mix = Mix::outputs, std::int64_t shares_of = 0);

  /// Inference only: works in place on y and has no gradient (an error when y needs one).
  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const override;  // [N, G]

 private:
  void sum_scores(const at::Tensor& scores, const Packing& packing) const;
  /// `scores`, the router's, with what is known of rows and tokens.
  at::Tensor competing(at::Tensor scores, const Pass& pass) const;  // [N, S] on CPU
  double share_of(const Member& member) const;

  std::vector<Member> members_;
  std::unique_ptr<Router> router_;
  SelectionSettings selection_;
  std::shared_ptr<const RoutingControl> control_;
  Mix mix_;
  std::int64_t shares_of_;
  at::Tensor expert_of_column_;  // [S] int64
};

/// Where routed adapters are made.
struct RoutingTarget {
  at::Device device;
  at::ScalarType dtype;
  std::shared_ptr<const RoutingControl> control;
};

/// The experts' LoRAs, and what the router compares tokens with: one entry for each expert, or none at all.
struct RoutedExperts {
  std::span<const LoraMap* const> loras;
  std::span<const LinearVectors> prototypes;
};

/// The adapter of one group, or null where no expert adapts any of its linears. `first_number` is the number of the
/// group's first linear in the statistics. The settings name a token-level router.
std::shared_ptr<const RoutedAdapter> make_routed_adapter(const LinearGroupSpec& group, std::int64_t first_number,
                                                         const RoutedExperts& experts, const RoutingSettings& settings,
                                                         const RoutingTarget& target);

}  // namespace phatgoose
