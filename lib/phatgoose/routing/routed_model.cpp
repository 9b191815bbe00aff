#include "phatgoose/routing/routed_model.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "phatgoose/adapters/merge.h"
#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

void check_hash(const fs::path& where, const std::string& what, const std::string& found, const std::string& expected) {
  if (expected.empty() || found == expected) return;
  fail(ExitCode::bad_data, {.where = where.string(),
                            .found = what + " with hash " + found,
                            .expected = expected,
                            .hint = "the expert has changed since the routed model was built; build it again"});
}

std::vector<ExpertDirectory> open_enabled(const fs::path& directory, const RoutedModelManifest& manifest,
                                          const T5Config& config, bool allow_partial) {
  const RouterKind& kind = router_kind(manifest.routing.router, directory.string());
  std::vector<ExpertDirectory> experts;
  for (const auto& reference : manifest.experts) {
    if (!reference.enabled) continue;
    // The values of files with the right hashes were checked when the routed model was built.
    experts.push_back(ExpertDirectory::open(directory / reference.path, reference.adapter_hash.empty()));
    const ExpertDirectory& expert = experts.back();
    check_hash(expert.path(), "adapter_model.safetensors", expert.adapter_hash(), reference.adapter_hash);
    expert.check_base(config, manifest.base_fingerprint, reference.partial || allow_partial);
    if (kind.prototypes == nullptr) continue;
    if (!is_file(expert.path() / kind.prototypes)) {
      fail(ExitCode::bad_data, {.where = expert.path().string(),
                                .found = std::string("no ") + kind.prototypes,
                                .expected = "what the router " + manifest.routing.router + " needs of an expert",
                                .hint = command_that_makes(kind, manifest.base_path, expert.path())});
    }
    check_hash(expert.path(), kind.prototypes, expert.file_hash(kind.prototypes), reference.prototypes_hash);
  }
  return experts;
}

MergeRule merge_rule(const RouterKind& kind) { return *merge_rule_named(kind.name); }

std::vector<LinearVectors> read_prototypes(std::span<const ExpertDirectory> experts, const RouterKind& kind) {
  std::vector<LinearVectors> prototypes;
  if (kind.prototypes == nullptr || kind.has_encoder) return prototypes;
  for (const ExpertDirectory& expert : experts) {
    prototypes.push_back(expert.vectors(kind.prototypes, /*check_values=*/false));
    if (!prototypes.back().by_path.empty()) continue;
    fail(ExitCode::bad_data, {.where = expert.path().string(),
                              .found = std::string("no ") + kind.prototypes,
                              .expected = std::string("what the router ") + kind.name + " needs of an expert",
                              .hint = command_that_makes(kind, /*base=*/{}, expert.path())});
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
  if (kind_->mixing == RouterKind::Mixing::merged) {
    merge();
  } else {
    route(model, RoutingSettings::defaults().overridden_by(given));
  }
}

void RoutedModel::route(T5Model& model, RoutingSettings settings) {
  if (kind_->has_encoder) read_examples();
  if (settings.mixing() == Mix::parameters) check_mergeable(MergeRule::factors, experts_);
  if (kind_->mixing == RouterKind::Mixing::fixed) {
    const auto all = std::max<std::int64_t>(1, std::ssize(experts_));
    settings = RoutingSettings::defaults().overridden_by({.router = kind_->name, .k = all, .mix = settings.mix});
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

void RoutedModel::read_examples() {
  std::vector<StoredEmbeddings> stored;
  for (const ExpertDirectory& expert : experts_) stored.push_back(read_embeddings(expert.path() / kind_->prototypes));
  retrieval_ = RetrievalIndex(stored);
  if (stored.empty()) return;
  encoder_name_ = stored.front().encoder_name;
  encoder_fingerprint_ = stored.front().encoder_fingerprint;
}

void RoutedModel::merge() {
  std::vector<ExpertDirectory> merged;
  for (std::size_t e = 0; e < experts_.size(); ++e) {
    if (static_cast<std::int64_t>(e) != control_->excluded) merged.push_back(experts_[e]);
  }
  const MergeRule rule = merge_rule(*kind_);
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
  if (kind_->mixing == RouterKind::Mixing::merged) merge();
}

void RoutedModel::select(const SelectionSettings& selection) {
  if (kind_->mixing == RouterKind::Mixing::selected) control_->selection = selection;
}

at::Tensor RoutedModel::row_scores(const at::Tensor& embeddings) const {
  return retrieval_.row_scores(embeddings, control_->excluded);
}

RoutingStatistics RoutedModel::make_statistics() const {
  return {static_cast<std::int64_t>(linear_paths_.size()), static_cast<std::int64_t>(expert_names_.size())};
}

}  // namespace phatgoose
