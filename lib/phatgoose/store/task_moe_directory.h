// A task-level mixture of experts on disk (METHODS 8): copies of layers, the router, and the routes of its tasks.
//
// copies.safetensors holds "copy.K.NAME" for every copy K of a mixed layer, NAME being the Hugging Face name of the
// tensor in the base. router.safetensors holds "routes" and, where the router is learned, "vectors" and "router.NAME".
// manifest.json (kind "task-moe") says the rest.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/store/t5_config.h"
#include "phatgoose/store/task_moe_method.h"

namespace phatgoose {

constexpr const char* kLearnedVectors = "learned";  ///< vectors that are trained from random numbers
constexpr const char* kCopiesFile = "copies.safetensors";
constexpr const char* kTaskRouterFile = "router.safetensors";

/// What the manifest's body says of the mixture; "base", "best", "training" and "rows" tell where it comes from.
struct TaskMoeManifest {
  std::string name;
  TaskMoeShape shape;  ///< "layers", "copies", "router", and "dimension" of "vectors"
  std::vector<std::string> tasks = {};
  std::string base_fingerprint = {};
  // Of a learned router:
  RouteSelection selection = RouteSelection::softmax;  ///< in training
  double temperature = 1;                              ///< of the routes, as training left it
  std::string vector_method = {};                      ///< kLearnedVectors, or that of a task-vectors directory
  Json vector_settings = nullptr;                      ///< of that directory; null where the vectors are learned

  /// Rows of "routes": one for each task, or a single one where tasks have none of their own.
  std::int64_t route_rows() const;
  /// Whether a task is routed to the copy of the largest weight unless something else is asked for.
  bool routes_to_one() const { return is_learned(shape.router) && selection == RouteSelection::gumbel_st; }
};

/// The keys of the body that TaskMoeManifest is read from, "base" aside.
Json to_json(const TaskMoeManifest& manifest);

class TaskMoeDirectory {
 public:
  /// Opens and validates: what is missing, what is too much, shapes that do not fit the manifest, NaN and infinite
  /// values and routes that are no distributions are bad_data. With `check_values` false the values of copies are not
  /// read.
  static TaskMoeDirectory open(const fs::path& directory, bool check_values = true);

  const fs::path& path() const { return path_; }
  const TaskMoeManifest& manifest() const { return manifest_; }
  /// Number of a task; nothing where it is not among them.
  std::optional<std::int64_t> task_number(const std::string& task) const;

  /// The weights of the copies for every task without noise: softmax of the router's logits at the temperature.
  const std::vector<float>& routes() const { return routes_; }  // [route_rows(), layers, copies]

  /// Tensor `name` of copy number `copy`.
  const TensorView& of_copy(std::int64_t copy, const std::string& name) const;
  /// Of a learned router: its parameter of this name, and the vectors of the tasks.
  const TensorView& of_router(const std::string& name) const;
  const TensorView& vectors() const;  // [tasks, d]

  /// Hashes of both files of tensors; they are read each time.
  Json hashes() const;

  /// Checks layers, tensors and shapes against a base, and the fingerprint where one is given: bad_data.
  void check_base(const T5Config& config, const std::string& fingerprint) const;

 private:
  fs::path path_;
  TaskMoeManifest manifest_;
  std::shared_ptr<const TensorArchive> copies_, router_;
  std::vector<float> routes_;
};

/// Names and shapes of all tensors of a layer of a base, by its module path ("encoder.block.0").
std::map<std::string, Shape> tensors_of_layer(const T5Config& config, const std::string& layer);

/// "copy.2.encoder.block.0.layer.0.layer_norm.weight"
std::string copy_tensor_name(std::int64_t copy, const std::string& name);

}  // namespace phatgoose
