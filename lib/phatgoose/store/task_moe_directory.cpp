#include "phatgoose/store/task_moe_directory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <ranges>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/store/adapter_files.h"
#include "phatgoose/store/base_linears.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/t5_checkpoint.h"

namespace phatgoose {
namespace {

constexpr const char* kExpectedMoe = "a task-level mixture of experts, as train-task-moe makes it";
constexpr const char* kRoutesName = "routes";
constexpr const char* kVectorsName = "vectors";
constexpr double kSumTolerance = 1e-4;

/// The enumerator that the text under `key` names.
template <typename Kind>
Kind parse_kind(const Json& json, const char* key, std::optional<Kind> (*named)(const std::string&),
                const std::vector<std::string>& names) {
  const auto text = json_get<std::string>(json, key);
  const auto kind = named(text);
  if (!kind) refuse_here(fmt::format("{} \"{}\"", key, text), fmt::format("{}", fmt::join(names, ", ")));
  return *kind;
}

/// Names that are given once each.
std::vector<std::string> parse_names(const Json& body, const char* key, const char* what) {
  auto names = json_get<std::vector<std::string>>(body, key);
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (name.empty()) refuse_here(fmt::format("a {} without a name", what), fmt::format("the name of every {}", what));
    if (!seen.insert(name).second) refuse_here(fmt::format("a second {} named \"{}\"", what, name), "unique names");
  }
  return names;
}

/// What there is of a learned router only.
void parse_learned(const Json& body, TaskMoeManifest& manifest) {
  manifest.selection = parse_kind(body, "selection", route_selection_named, route_selection_names());
  manifest.temperature = json_get<double>(body, "temperature");
  if (!(manifest.temperature > 0)) {
    refuse_here(fmt::format("temperature {}", manifest.temperature), "a number above 0");
  }
  const Json vectors = json_get<Json>(body, "vectors");
  in("vectors", [&] {
    manifest.vector_method = json_get<std::string>(vectors, "method");
    if (vectors.contains("settings")) manifest.vector_settings = vectors.at("settings");
    manifest.shape.dimension = json_get<std::int64_t>(vectors, "dimension");
  });
}

TaskMoeManifest parse_task_moe(const Json& body) {
  TaskMoeManifest manifest = {};
  manifest.name = json_get<std::string>(body, "name");
  manifest.shape.layers = parse_names(body, "layers", "layer");
  manifest.shape.copies = json_get<std::int64_t>(body, "copies");
  manifest.shape.router = parse_kind(body, "router", task_router_named, task_router_names());
  manifest.tasks = parse_names(body, "tasks", "task");
  if (is_learned(manifest.shape.router)) parse_learned(body, manifest);
  if (manifest.tasks.empty()) refuse_here("no tasks", "the name of every task");
  manifest.shape.check();
  const Json base = json_get<Json>(body, "base");
  manifest.base_fingerprint = in("base", [&] { return json_get<std::string>(base, "fingerprint"); });
  return manifest;
}

/// The layer of a tensor that copies.safetensors stores, which must be of some copy.
void check_copy_name(const TensorArchive& file, const std::string& name, const TaskMoeShape& shape) {
  const auto is_of = [&](const std::string& layer) {
    for (std::int64_t copy = 0; copy < shape.copies; ++copy) {
      if (name.starts_with(copy_tensor_name(copy, layer + "."))) return true;
    }
    return false;
  };
  if (std::ranges::any_of(shape.layers, is_of)) return;
  refuse(file.where(name), "a tensor of no mixed layer", "copy.K.NAME of the layers and copies in manifest.json");
}

void check_copies(const TensorArchive& file, const TaskMoeShape& shape, bool check_values) {
  for (const auto& [name, view] : file.tensors()) {
    check_copy_name(file, name, shape);
    check_tensor(file, name, view.shape.size(), check_values);
  }
}

/// Every tensor of the router's file and no other, of the shapes that the manifest gives.
void check_router(const TensorArchive& file, const TaskMoeManifest& manifest) {
  const TaskMoeShape& shape = manifest.shape;
  std::map<std::string, Shape> expected = {{kRoutesName, {manifest.route_rows(), shape.layer_count(), shape.copies}}};
  if (is_learned(shape.router)) {
    expected[kVectorsName] = {static_cast<std::int64_t>(manifest.tasks.size()), shape.dimension};
    for (const RouterTensor& tensor : router_tensors(shape)) expected["router." + tensor.name] = tensor.shape;
  }
  for (const auto& [name, sizes] : expected) {
    file.at(name, sizes);
    check_tensor(file, name, sizes.size(), /*check_values=*/true);
  }
  for (const auto& [name, view] : file.tensors()) {
    if (expected.contains(name)) continue;
    refuse(file.where(name), fmt::format("a tensor that the router {} does not have", name_of(shape.router)),
           fmt::format("{}", fmt::join(std::views::keys(expected), ", ")));
  }
}

void check_routes(const TensorArchive& file, const std::vector<float>& routes, std::int64_t copies) {
  for (std::size_t i = 0; i < routes.size(); i += static_cast<std::size_t>(copies)) {
    double sum = 0;
    for (std::int64_t copy = 0; copy < copies; ++copy) {
      const double weight = routes[i + static_cast<std::size_t>(copy)];
      if (weight < 0) refuse(file.where(kRoutesName), fmt::format("the weight {}", weight), "0 or more");
      sum += weight;
    }
    if (std::abs(sum - 1) < kSumTolerance) continue;
    refuse(file.where(kRoutesName), fmt::format("weights that add up to {}", sum), "1");
  }
}

[[noreturn]] void refuse_other_kind(const fs::path& directory) {
  const auto manifest = read_manifest(directory);
  if (!manifest) refuse_without("manifest.json", directory, kExpectedMoe);
  refuse(directory, "a directory of kind " + manifest->kind, kExpectedMoe,
         manifest->kind == kModularKind       ? "a modular adapter belongs to --modular"
         : manifest->kind == kRoutedModelKind ? "a routed model belongs to --routed"
         : manifest->kind == kExpertKind      ? "an expert belongs to --expert"
                                              : "");
}

}  // namespace

std::int64_t TaskMoeManifest::route_rows() const {
  return routes_by_task(shape.router) ? static_cast<std::int64_t>(tasks.size()) : 1;
}

Json to_json(const TaskMoeManifest& manifest) {
  Json body = {{"name", manifest.name},
               {"layers", manifest.shape.layers},
               {"copies", manifest.shape.copies},
               {"router", name_of(manifest.shape.router)},
               {"tasks", manifest.tasks}};
  if (is_learned(manifest.shape.router)) {
    body["selection"] = name_of(manifest.selection);
    body["temperature"] = manifest.temperature;
    body["vectors"] = {{"method", manifest.vector_method},
                       {"dimension", manifest.shape.dimension},
                       {"settings", manifest.vector_settings}};
  }
  return body;
}

TaskMoeDirectory TaskMoeDirectory::open(const fs::path& directory, bool check_values) {
  if (!is_of_kind(directory, kTaskMoeKind)) refuse_other_kind(directory);
  TaskMoeDirectory opened;
  opened.path_ = directory;
  const Json body = read_manifest(directory, kTaskMoeKind)->body;
  opened.manifest_ = in(directory / "manifest.json", [&] { return parse_task_moe(body); });
  opened.copies_ = std::make_shared<SafetensorsFile>(directory / kCopiesFile);
  opened.router_ = std::make_shared<SafetensorsFile>(directory / kTaskRouterFile);
  check_copies(*opened.copies_, opened.manifest_.shape, check_values);
  check_router(*opened.router_, opened.manifest_);
  opened.routes_ = float_values(opened.router_->at(kRoutesName));
  check_routes(*opened.router_, opened.routes_, opened.manifest_.shape.copies);
  return opened;
}

std::optional<std::int64_t> TaskMoeDirectory::task_number(const std::string& task) const {
  const auto found = std::ranges::find(manifest_.tasks, task);
  if (found == manifest_.tasks.end()) return std::nullopt;
  return found - manifest_.tasks.begin();
}

const TensorView& TaskMoeDirectory::of_copy(std::int64_t copy, const std::string& name) const {
  return copies_->at(copy_tensor_name(copy, name));
}

const TensorView& TaskMoeDirectory::of_router(const std::string& name) const { return router_->at("router." + name); }

const TensorView& TaskMoeDirectory::vectors() const { return router_->at(kVectorsName); }

Json TaskMoeDirectory::hashes() const {
  return {content_hash_of_file(path_ / kCopiesFile), content_hash_of_file(path_ / kTaskRouterFile)};
}

void TaskMoeDirectory::check_base(const T5Config& config, const std::string& fingerprint) const {
  if (!fingerprint.empty() && manifest_.base_fingerprint != fingerprint) {
    refuse(path_, "a mixture on the base with fingerprint " + manifest_.base_fingerprint, fingerprint, kOtherBase);
  }
  std::size_t expected = 0;
  for (const std::string& layer : manifest_.shape.layers) {
    const std::map<std::string, Shape> tensors = tensors_of_layer(config, layer);
    if (tensors.empty()) refuse(path_ / "manifest.json", "no such layer: " + layer, "a layer of the base", kOtherBase);
    for (std::int64_t copy = 0; copy < manifest_.shape.copies; ++copy) {
      for (const auto& [name, shape] : tensors) copies_->at(copy_tensor_name(copy, name), shape);
    }
    expected += tensors.size() * static_cast<std::size_t>(manifest_.shape.copies);
  }
  if (copies_->tensors().size() == expected) return;
  refuse(path_ / kCopiesFile, fmt::format("{} tensors", copies_->tensors().size()),
         fmt::format("{}, those of the layers of the base", expected), kOtherBase);
}

std::map<std::string, Shape> tensors_of_layer(const T5Config& config, const std::string& layer) {
  std::map<std::string, Shape> tensors;
  for (const LinearSpec& linear : adapted_linears(config)) {
    if (linear.path.starts_with(layer + ".")) tensors[linear.path + ".weight"] = {linear.out, linear.in};
  }
  for (const auto& [stack, blocks, norms] :
       {std::tuple("encoder", config.num_layers, 2), std::tuple("decoder", config.num_decoder_layers, 3)}) {
    for (std::int64_t block = 0; block < blocks; ++block) {
      if (layer != fmt::format("{}.block.{}", stack, block)) continue;
      for (int norm = 0; norm < norms; ++norm) tensors[layer_norm_name(stack, block, norm)] = {config.d_model};
    }
  }
  return tensors;
}

std::string copy_tensor_name(std::int64_t copy, const std::string& name) {
  return fmt::format("copy.{}.{}", copy, name);
}

}  // namespace phatgoose
