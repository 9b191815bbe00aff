// A routed model in memory: the experts of a routed model directory on a frozen base.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/nn/t5_model.h"
#include "phatgoose/routing/input_scorer.h"
#include "phatgoose/routing/routed_adapter.h"
#include "phatgoose/routing/statistics.h"
#include "phatgoose/store/routed_model_directory.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {

/// Puts routed adapters, or the update of merged experts, on every group of a model. The model's layers must outlive
/// it; the model may move.
class RoutedModel {
 public:
  /// Reports choices from its construction to its end, however that comes.
  class Observation {
   public:
    Observation(std::shared_ptr<RoutingControl> control, RoutingObserver* observer) : control_(std::move(control)) {
      control_->observer = observer;
    }
    ~Observation() {
      if (control_) control_->observer = nullptr;
    }
    Observation(Observation&&) = default;
    Observation& operator=(Observation&&) = delete;

   private:
    std::shared_ptr<RoutingControl> control_;
  };

  /// Sums scores from its construction to its end, and may have experts add nothing meanwhile.
  class Summation {
   public:
    Summation(std::shared_ptr<RoutingControl> control, ScoreSums* sums, bool scores_only = false)
        : control_(std::move(control)) {
      control_->score_sums = sums;
      control_->scores_only = scores_only;
    }
    ~Summation() {
      if (!control_) return;
      control_->score_sums = nullptr;
      control_->scores_only = false;
    }
    Summation(Summation&&) = default;
    Summation& operator=(Summation&&) = delete;

   private:
    std::shared_ptr<RoutingControl> control_;
  };

  /// Experts that are not enabled in the manifest are left out. bad_data when the base is another one, an expert is
  /// missing, has changed since the routed model was built, or does not fit; it may be partial where it was built in as
  /// such, or with `allow_partial`.
  static RoutedModel load(const RoutedModelDirectory& directory, T5Model& model, const std::string& base_fingerprint,
                          bool allow_partial = false);

  /// The same for experts at hand, which must fit the model; settings that are not given are the defaults.
  RoutedModel(T5Model& model, std::vector<ExpertDirectory> experts, const RoutingSettings& settings);

  /// Enabled experts, in order.
  const std::vector<std::string>& expert_names() const { return expert_names_; }
  /// Module paths of all adaptable linears, in the order of linear_groups(): the numbers used in the statistics.
  const std::vector<std::string>& linear_paths() const { return linear_paths_; }

  /// Where it follows labels, every pass needs RowContext::token_experts.
  const RouterKind& router() const { return *kind_; }
  /// Whether experts are weighted while the model runs (they are not where they are merged).
  bool has_weights() const { return !kind_->merges(); }
  /// Statistics of the right size for this model.
  RoutingStatistics make_statistics() const;
  /// While the result lives, choices are reported to `observer`, which must outlive it.
  [[nodiscard]] Observation observe(RoutingObserver& observer) const { return {control_, &observer}; }

  /// Leaves out the expert of that name, and brings back the one left out before; none, or a name that no expert has:
  /// all take part.
  void exclude(const std::optional<std::string>& name);

  /// From now on experts are selected so; without effect where the router selects nothing.
  void select(const SelectionSettings& selection);

  /// What scores whole inputs by their embeddings: then all rows that are encoded need RowContext::expert_scores. Null
  /// where nothing does.
  const InputScorer* input_scorer() const { return input_scorer_.get(); }
  /// Its scores, by expert, of inputs with these embeddings; who is left out does not compete.
  at::Tensor input_scores(const at::Tensor& embeddings) const;  // [n, D] -> [n, E]
  /// For a router that scores inputs by consensus: alpha times the mean score of each row's tokens over the encoder's
  /// linears, in a pass of the base through `model`, on which this is. 0 for an expert that adapts none of them.
  at::Tensor consensus(const T5Model& model, const PackedIds& inputs) const;  // [rows, E]
  /// While the result lives, the router's own scores of all tokens are added to `sums`, which must outlive it.
  [[nodiscard]] Summation sum_scores(ScoreSums& sums) const { return {control_, &sums}; }

 private:
  void route(T5Model& model, RoutingSettings settings);
  void merge();

  const RouterKind* kind_;
  at::Device device_;  // of the model
  std::span<LinearGroup* const> groups_;
  std::vector<ExpertDirectory> experts_;  // of merged models, to be merged again without one
  std::vector<std::string> expert_names_, linear_paths_;
  std::unique_ptr<InputScorer> input_scorer_;
  Alpha alpha_ = {};
  std::shared_ptr<RoutingControl> control_ = std::make_shared<RoutingControl>();
};

}  // namespace phatgoose
