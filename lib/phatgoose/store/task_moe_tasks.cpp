#include "phatgoose/store/task_moe_tasks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/task_vectors_directory.h"

namespace phatgoose {
namespace {

constexpr const char* kSameRecipe = "phatgoose task-vectors makes vectors of new tasks by the recipe of others";

void check_vectors_of_base(const fs::path& directory, const TaskVectors& vectors, const std::string& fingerprint) {
  if (vectors.fingerprint == fingerprint) return;
  refuse(directory, "vectors made with the base of fingerprint " + vectors.fingerprint, fingerprint, kSameRecipe);
}

void check_recipe(const fs::path& directory, const TaskVectors& vectors, const TaskMoeManifest& mixture) {
  if (!is_learned(mixture.shape.router)) {
    refuse(directory, fmt::format("vectors for {}, whose router is {}", mixture.name, name_of(mixture.shape.router)),
           "a router that looks at vectors");
  }
  if (vectors.method != mixture.vector_method) {
    refuse(
        directory, fmt::format("vectors of the method {}", vectors.method), mixture.vector_method,
        mixture.vector_method == kLearnedVectors ? "a new task has no vector where vectors are learned" : kSameRecipe);
  }
  if (vectors.dimension != mixture.shape.dimension) {
    refuse(directory, fmt::format("vectors of size {}", vectors.dimension), std::to_string(mixture.shape.dimension),
           kSameRecipe);
  }
  check_vectors_of_base(directory, vectors, mixture.base_fingerprint);
  const Json settings = vector_settings_of(directory);
  if (settings == mixture.vector_settings) return;
  refuse(directory, "vectors made with " + settings.dump(), mixture.vector_settings.dump(), kSameRecipe);
}

void append_row(const TaskVectors& vectors, std::size_t row, std::vector<float>& values) {
  const auto first = vectors.values.begin() + static_cast<std::ptrdiff_t>(row) * vectors.dimension;
  values.insert(values.end(), first, first + vectors.dimension);
}

}  // namespace

AddedTasks added_tasks(const TaskMoeManifest& mixture, const fs::path& task_vectors) {
  const TaskVectors vectors = read_task_vectors(task_vectors);
  check_recipe(task_vectors, vectors, mixture);
  AddedTasks added;
  std::vector<std::string> known;
  for (std::size_t row = 0; row < vectors.tasks.size(); ++row) {
    const bool is_known = std::ranges::find(mixture.tasks, vectors.tasks[row]) != mixture.tasks.end();
    (is_known ? known : added.names).push_back(vectors.tasks[row]);
    if (!is_known) append_row(vectors, row, added.vectors);
  }
  if (!known.empty()) {
    log_info(fmt::format("{}: tasks with vectors of their own in {}, which stay: {}", task_vectors.string(),
                         mixture.name, fmt::join(known, ", ")));
  }
  return added;
}

std::vector<float> vectors_for(const fs::path& task_vectors, const std::vector<std::string>& tasks,
                               const std::string& fingerprint) {
  const TaskVectors vectors = read_task_vectors(task_vectors);
  check_vectors_of_base(task_vectors, vectors, fingerprint);
  std::vector<float> values;
  for (const std::string& task : tasks) {
    const auto found = std::ranges::find(vectors.tasks, task);
    if (found == vectors.tasks.end()) {
      refuse(task_vectors, "no vector for the task \"" + task + "\"", "one for every task of --data",
             did_you_mean(task, vectors.tasks));
    }
    append_row(vectors, static_cast<std::size_t>(found - vectors.tasks.begin()), values);
  }
  return values;
}

Json vector_settings_of(const fs::path& task_vectors) {
  const auto manifest = read_manifest(task_vectors, kTaskVectorsKind);
  return manifest ? manifest->body.value("settings", Json()) : Json();
}

}  // namespace phatgoose
