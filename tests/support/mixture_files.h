// Task-level mixtures of made-up numbers, as files.
#pragma once

#include <cmath>
#include <list>
#include <map>
#include <string>
#include <vector>

#include "phatgoose/base/random.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/task_moe_directory.h"
#include "phatgoose/store/task_vectors_directory.h"

namespace phatgoose::test {

/// A mixture to be written; its copies are random numbers, and its routes go to copies in turn unless they are set.
struct MixtureFiles {
  TaskMoeManifest manifest = {.name = "mixture",
                              .shape = {.layers = {"encoder.block.0", "decoder.block.1"},
                                        .copies = 2,
                                        .router = TaskRouterKind::linear_per_layer,
                                        .dimension = 3},
                              .tasks = {"choose", "write"},
                              .base_fingerprint = "0123456789abcdef",
                              .selection = RouteSelection::softmax,
                              .temperature = 0.5,
                              .vector_method = "learned"};
  std::vector<float> routes = {};
  std::map<std::string, Shape> more = {};  ///< tensors that do not belong to the router
  double scale = 0.3;                      ///< of the copies' numbers

  void write(const fs::path& directory, const T5Config& config) const {
    make_directories(directory);
    std::list<std::vector<float>> kept;
    RandomStream random(5);
    const auto numbers = [&](const Shape& shape, double size, double mean) {
      std::vector<float>& values = kept.emplace_back(static_cast<std::size_t>(count_of(shape)));
      for (float& value : values) value = static_cast<float>(mean + size * random.normal());
      return values.data();
    };
    std::vector<NamedTensor> copies, router;
    for (const std::string& layer : manifest.shape.layers) {
      for (std::int64_t copy = 0; copy < manifest.shape.copies; ++copy) {
        for (const auto& [name, shape] : tensors_of_layer(config, layer)) {
          const double mean = name.ends_with("norm.weight") ? 1 : 0;
          copies.push_back(named_tensor(copy_tensor_name(copy, name), DType::f32, shape, numbers(shape, scale, mean)));
        }
      }
    }
    const Shape table = {manifest.route_rows(), manifest.shape.layer_count(), manifest.shape.copies};
    std::vector<float>& weights = kept.emplace_back(routes);
    if (weights.empty()) {
      for (std::int64_t row = 0; row < table[0] * table[1]; ++row) {
        for (std::int64_t copy = 0; copy < table[2]; ++copy) weights.push_back(copy == row % table[2] ? 1 : 0);
      }
    }
    router.push_back(named_tensor("routes", DType::f32, table, weights.data()));
    if (is_learned(manifest.shape.router)) {
      const Shape vectors = {std::ssize(manifest.tasks), manifest.shape.dimension};
      router.push_back(named_tensor("vectors", DType::f32, vectors, numbers(vectors, 1, 0)));
      for (const RouterTensor& tensor : router_tensors(manifest.shape)) {
        router.push_back(named_tensor("router." + tensor.name, DType::f32, tensor.shape, numbers(tensor.shape, 1, 0)));
      }
    }
    for (const auto& [name, shape] : more)
      router.push_back(named_tensor(name, DType::f32, shape, numbers(shape, 1, 0)));
    write_safetensors(directory / kCopiesFile, copies);
    write_safetensors(directory / kTaskRouterFile, router);
    Json body = to_json(manifest);
    body["base"] = {{"path", "t5"}, {"fingerprint", manifest.base_fingerprint}};
    write_manifest(directory, {kTaskMoeKind, body}, {kCopiesFile, kTaskRouterFile});
  }
};

/// Vectors of some tasks; rows of `values` one after the other.
inline void write_vectors(const fs::path& directory, const std::vector<std::string>& tasks,
                          const std::vector<float>& values, const std::string& fingerprint,
                          std::int64_t max_input = 128) {
  make_directories(directory);
  const TaskVectors vectors{.tasks = tasks,
                            .method = kTextVectors,
                            .dimension = static_cast<std::int64_t>(values.size() / tasks.size()),
                            .values = values,
                            .fingerprint = fingerprint,
                            .recipe = {.base = TaskVectorRecipe::Base{max_input, "fp32"}}};
  write_task_vectors(directory, vectors, std::nullopt, "base", Json::object());
}

}  // namespace phatgoose::test
