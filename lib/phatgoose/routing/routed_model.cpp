#include "phatgoose/routing/routed_model.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "phatgoose/adapters/merge.h"
#include "phatgoose/base/error.h"
#include "phatgoose/store/expert_examination.h"

namespace phatgoose {
namespace {

std::vector<ExpertDirectory> open_enabled(const fs::path& directory, const RoutedModelManifest& manifest,
                                          const T5Config& config, bool allow_partial) {
  std::vector<ExpertDirectory> experts;
  for (const auto& reference : manifest.experts) {
    if (!reference.enabled) continue;
    // The values of files with the right hashes were checked when the routed model was built.
    experts.push_back(ExpertDirectory::open(directory / reference.path, /*check_values=*/false));
    check_unchanged(experts.back(), reference, manifest);
    experts.back().check_base(config, manifest.base_fingerprint, reference.partial || allow_partial);
  }
  return experts;
}

/// What each expert's linears are compared with; none where the router needs no vectors.
std::vector<LinearVectors> read_prototypes(std::span<const ExpertDirectory> experts, const RouterKind& kind) {
  std::vector<LinearVectors> prototypes;
  const ExpertNeed* need = kind.need(ExpertNeed::Form::vectors);
  if (need == nullptr) return prototypes;
  for (const ExpertDirectory& expert : experts) {
    needed_file(kind, *need, /*base=*/{}, expert.path());
    prototypes.push_back(expert.vectors(need->file, /*check_values=*/false));
  }
  return prototypes;
}

}  // namespace

RoutedModel RoutedModel::load(const RoutedModelDirectory& directory, T5Model& model,
                              const std::string& base_fingerprint, bool allow_partial) {
  directory.check_base(base_fingerprint);
  std::vector<ExpertDirectory> experts =
      open_enabled(directory.path, directory.manifest, model.config(), allow_partial);
  RoutedModel routed(model, std::move(experts), directory.manifest.routing);
  routed.expert_names_ = directory.enabled_experts();
  return routed;
}

RoutedModel::RoutedModel(T5Model& model, std::vector<ExpertDirectory> experts, const RoutingSettings& given)
    : kind_(&router_kind(given.router.empty() ? RoutingSettings::defaults().router : given.router, "router")),
      device_(model.device()),
      groups_(model.groups()),
      experts_(std::move(experts)) {
  for (const ExpertDirectory& expert : experts_) expert_names_.push_back(expert.name());
  for (const auto& group : groups_) {
    for (const LinearSpec& linear : group->spec().linears) linear_paths_.push_back(linear.path);
  }
  if (kind_->merges()) {
    merge();
  } else {
    route(model, RoutingSettings::defaults().overridden_by(given));
  }
}

void RoutedModel::route(T5Model& model, RoutingSettings settings) {
  input_scorer_ = make_input_scorer(settings, experts_);
  alpha_ = settings.alpha_for(*kind_);
  if (settings.mixing() == Mix::parameters) check_mergeable(MergeRule::factors, experts_);
  if (kind_->mixing == RouterKind::Mixing::fixed) {
    const auto all = std::max<std::int64_t>(1, std::ssize(experts_));
    const SelectionSettings usual;
    settings = settings.overridden_by({.k = all, .temperature = usual.temperature, .renorm_eps = usual.renorm_eps});
  }
  const std::vector<LinearVectors> prototypes = read_prototypes(experts_, *kind_);
  const std::vector<const LoraMap*> loras = loras_of(experts_);
  const RoutingTarget target{model.device(), model.dtype(), control_};
  for (std::int64_t first = 0; const auto& group : groups_) {
    group->set_adapter(make_routed_adapter(group->spec(), first, {loras, prototypes}, settings, target));
    first += static_cast<std::int64_t>(group->spec().linears.size());
  }
  experts_.clear();  // the banks hold copies; the files need not stay mapped
}

void RoutedModel::merge() {
  std::vector<ExpertDirectory> merged;
  for (std::size_t e = 0; e < experts_.size(); ++e) {
    if (static_cast<std::int64_t>(e) != control_->excluded) merged.push_back(experts_[e]);
  }
  const bool factors = kind_->mixing == RouterKind::Mixing::merged_factors;
  const MergeRule rule = factors ? MergeRule::factors : MergeRule::product;
  check_mergeable(rule, merged);
  const std::vector<const LoraMap*> loras = loras_of(merged);
  for (const auto& group : groups_) {
    at::Tensor update;  // [G, in]
    for (std::size_t l = 0; l < group->spec().linears.size(); ++l) {
      const LinearSpec& linear = group->spec().linears[l];
      const at::Tensor part = merged.empty() ? at::Tensor() : merged_update(rule, loras, linear.path, device_);
      if (!part.defined()) continue;
      if (!update.defined())
        update = at::zeros({group->out(), group->in()}, at::TensorOptions(device_).dtype(at::kFloat));
      update.narrow(0, group->begin(l), linear.out).copy_(part);
    }
    group->set_update(update);
  }
}

void RoutedModel::exclude(const std::optional<std::string>& name) {
  const auto found = name ? std::ranges::find(expert_names_, *name) : expert_names_.end();
  const std::int64_t excluded = found == expert_names_.end() ? -1 : found - expert_names_.begin();
  if (excluded == control_->excluded) return;
  control_->excluded = excluded;
  if (kind_->merges()) merge();
}

void RoutedModel::select(const SelectionSettings& selection) {
  if (kind_->selects()) control_->selection = selection;
}

at::Tensor RoutedModel::input_scores(const at::Tensor& embeddings) const {
  return input_scorer_->scores(embeddings, control_->excluded);
}

at::Tensor RoutedModel::consensus(const T5Model& model, const PackedIds& inputs) const {
  ScoreSums sums(inputs.packing.rows(), std::ssize(expert_names_));
  const Summation first_pass(control_, &sums, /*scores_only=*/true);
  model.encode_states(inputs);
  return sums.means().nan_to_num(0.0).mul_(*alpha_.value);  // [rows, E]
}

RoutingStatistics RoutedModel::make_statistics() const {
  return {static_cast<std::int64_t>(linear_paths_.size()), static_cast<std::int64_t>(expert_names_.size())};
}

}  // namespace phatgoose
