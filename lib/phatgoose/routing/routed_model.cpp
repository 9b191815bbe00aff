#include "phatgoose/routing/routed_model.h"

#include <ATen/ATen.h>

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

std::vector<ExpertDirectory> open_enabled(const fs::path& directory, const RoutedModelManifest& manifest) {
  std::vector<ExpertDirectory> experts;
  for (const auto& reference : manifest.experts) {
    if (!reference.enabled) continue;
    // The values of files with the right hashes were checked when the routed model was built.
    const bool hashed = !reference.adapter_hash.empty() && !reference.gate_hash.empty();
    experts.push_back(ExpertDirectory::open(directory / reference.path, !hashed));
    const ExpertDirectory& expert = experts.back();
    check_hash(expert.path(), "adapter_model.safetensors", expert.adapter_hash(), reference.adapter_hash);
    check_hash(expert.path(), "gate.safetensors", expert.gate_hash(), reference.gate_hash);
  }
  return experts;
}

}  // namespace

RoutedModel RoutedModel::load(const fs::path& directory, T5Model& model, const std::string& base_fingerprint) {
  const RoutedModelManifest manifest = read_routed_model(directory);
  if (manifest.base_fingerprint != base_fingerprint) {
    fail(ExitCode::bad_data, {.where = directory.string(),
                              .found = "base model " + base_fingerprint,
                              .expected = manifest.base_fingerprint + ", the one it was built for",
                              .hint = "that was " + manifest.base_path});
  }
  const std::vector<ExpertDirectory> experts = open_enabled(directory, manifest);
  for (const ExpertDirectory& expert : experts) expert.check_base(model.config(), base_fingerprint);
  RoutedModel routed(model, experts, manifest.router, manifest.selection);
  routed.expert_names_.clear();
  for (const auto& reference : manifest.experts) {
    if (reference.enabled) routed.expert_names_.push_back(reference.name);
  }
  return routed;
}

RoutedModel::RoutedModel(T5Model& model, std::span<const ExpertDirectory> experts, const std::string& router,
                         const SelectionSettings& selection) {
  for (const ExpertDirectory& expert : experts) expert_names_.push_back(expert.name());
  const RoutingTarget target{model.device(), model.dtype(), observer_};
  for (const auto& group : model.groups()) {
    const auto first = static_cast<std::int64_t>(linear_paths_.size());
    group->set_adapter(make_routed_adapter(group->spec(), first, experts, router, selection, target));
    for (const LinearSpec& linear : group->spec().linears) linear_paths_.push_back(linear.path);
  }
}

RoutingStatistics RoutedModel::make_statistics() const {
  return {static_cast<std::int64_t>(linear_paths_.size()), static_cast<std::int64_t>(expert_names_.size())};
}

}  // namespace phatgoose
