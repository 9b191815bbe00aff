// Vectors of tasks on disk (METHODS 8): what a router of whole tasks reads of them, and how a new task gets its own.
//
// vectors.safetensors holds `vectors` [tasks, d] fp32; where vectors were reduced, reduction.safetensors holds `mean`
// [n] and `components` [d, n] fp32. manifest.json (kind "task-vectors") names the tasks, the base and the recipe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

constexpr const char* kTextVectors = "text";      ///< means of encoder states, or of sentence embeddings
constexpr const char* kFisherVectors = "fisher";  ///< reduced Fisher information of small adapters

/// All that a task's vector depends on besides the method, the base and the task's rows.
struct TaskVectorRecipe {
  /// Where the base computes.
  struct Base {
    std::int64_t max_input;
    std::string dtype;  ///< "fp32" or "bf16"
  };
  /// A sentence encoder in its place.
  struct Encoder {
    std::string name, fingerprint;
  };
  /// Of Fisher vectors.
  struct Fisher {
    std::int64_t max_target, adapter_size, adapter_seed;
  };

  std::optional<Base> base = {};
  std::optional<Encoder> encoder = {};
  std::optional<Fisher> fisher = {};
};

struct TaskVectors {
  std::vector<std::string> tasks;  ///< names, each once
  std::string method;              ///< kTextVectors or kFisherVectors
  std::int64_t dimension = 0;      ///< d
  std::vector<float> values;       ///< [tasks, d]
  std::string fingerprint;         ///< of the base
  TaskVectorRecipe recipe;
};

/// PCA that was fitted on some tasks: a vector is components (x - mean).
struct TaskVectorReduction {
  std::vector<float> mean;        ///< [n]
  std::vector<float> components;  ///< [d, n]
};

/// A directory of another kind or without a manifest, other tensors than the manifest promises, NaN and infinite
/// values, and tasks without a name or of the same name: bad_data.
TaskVectors read_task_vectors(const fs::path& directory);

/// That of a directory of Fisher vectors, of `dimension` components: bad_data where there is none, or another.
TaskVectorReduction read_task_vector_reduction(const fs::path& directory, std::int64_t dimension);

/// Writes the tensors, and the manifest last. `base` is the base as the user named it; `facts` are further keys of the
/// manifest ("rows").
void write_task_vectors(const fs::path& directory, const TaskVectors& vectors,
                        const std::optional<TaskVectorReduction>& reduction, const std::string& base,
                        const Json& facts);

}  // namespace phatgoose
