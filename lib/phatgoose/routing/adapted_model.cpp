#include "phatgoose/routing/adapted_model.h"

#include <algorithm>

#include "phatgoose/adapters/adapter_set.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/task_moe/task_moe_files.h"

namespace phatgoose {

namespace {

void attach_modular(T5Model& model, const std::string& base_fingerprint, const ModularChoice& choice) {
  const ModularDirectory directory = ModularDirectory::open(choice.directory);
  directory.check_base(model.config(), base_fingerprint);
  ModularParameters parameters = ModularParameters::load(directory, linear_groups(model.config()), model.device());
  if (choice.unknown_task) parameters.add_task(*choice.unknown_task);
  parameters.attach(model);
}

void put_on_mixture(T5Model& model, const std::string& base_fingerprint, const TaskMoeChoice& choice) {
  const TaskMoeDirectory directory = TaskMoeDirectory::open(choice.directory);
  directory.check_base(model.config(), base_fingerprint);
  const TaskMoeManifest& manifest = directory.manifest();
  const AddedTasks added = choice.task_vectors ? added_tasks(manifest, *choice.task_vectors) : AddedTasks();
  const at::Tensor routes = task_routes(directory, added, route_rule(choice.route, manifest));  // [tasks, L, m]
  LayerCopies::load(directory, model.config(), model.device(), model.dtype())
      .put_on(model, std::make_shared<TableRoutes>(routes, model.device()));
}

}  // namespace

T5Model load_base(const fs::path& base, at::Device device, at::ScalarType dtype) {
  T5Model model = T5Model::load(base, device, dtype);
  model.pack_weights();
  return model;
}

std::optional<RoutedModel> adapt(T5Model& model, const std::string& base_fingerprint, const Adaptation& adaptation,
                                 bool allow_partial) {
  model.remove_adapters();
  if (const auto* expert = std::get_if<PlainExpert>(&adaptation)) {
    const ExpertDirectory directory = ExpertDirectory::open(expert->directory);
    directory.check_base(model.config(), base_fingerprint, allow_partial);
    load_adapters(directory, linear_groups(model.config()), model.device())->attach(model);
  }
  if (const auto* modular = std::get_if<ModularChoice>(&adaptation)) attach_modular(model, base_fingerprint, *modular);
  if (const auto* mixture = std::get_if<TaskMoeChoice>(&adaptation)) put_on_mixture(model, base_fingerprint, *mixture);
  const auto* routed = std::get_if<RoutedModelDirectory>(&adaptation);
  if (routed == nullptr) return std::nullopt;
  return RoutedModel::load(*routed, model, base_fingerprint, allow_partial);
}

bool leaves_encoder(const Adaptation& adaptation) {
  const auto leaves = [](const fs::path& expert) {
    const ExpertDirectory directory = ExpertDirectory::open(expert, /*check_values=*/false);
    return std::ranges::none_of(directory.loras(), [](const auto& lora) { return lora.first.starts_with("encoder."); });
  };
  if (const auto* expert = std::get_if<PlainExpert>(&adaptation)) return leaves(expert->directory);
  if (std::holds_alternative<ModularChoice>(adaptation)) return false;
  if (const auto* mixture = std::get_if<TaskMoeChoice>(&adaptation)) {
    return std::ranges::none_of(
        TaskMoeDirectory::open(mixture->directory, /*check_values=*/false).manifest().shape.layers,
        [](const std::string& layer) { return layer.starts_with("encoder."); });
  }
  const auto* routed = std::get_if<RoutedModelDirectory>(&adaptation);
  if (routed == nullptr) return true;
  return std::ranges::all_of(routed->manifest.experts,
                             [&](const auto& expert) { return !expert.enabled || leaves(routed->path / expert.path); });
}

AdaptedModel load_adapted_model(const fs::path& base, const Adaptation& adaptation, bool allow_partial,
                                at::Device device, at::ScalarType dtype) {
  AdaptedModel adapted{load_base(base, device, dtype), std::nullopt};
  adapted.routed = adapt(adapted.model, base_fingerprint(base), adaptation, allow_partial);
  return adapted;
}

}  // namespace phatgoose
