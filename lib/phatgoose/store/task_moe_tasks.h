// Tasks that join those of a task-level mixture by vectors of their own (METHODS 8: unseen tasks).
#pragma once

#include <string>
#include <vector>

#include "phatgoose/store/task_moe_directory.h"

namespace phatgoose {

/// Tasks that the mixture was not trained on.
struct AddedTasks {
  std::vector<std::string> names = {};
  std::vector<float> vectors = {};  ///< [names, d]
};

/// Those of a task-vectors directory that the mixture does not know; of the others, whose own vectors stay, a log line
/// tells. Vectors of another method, recipe, size or base, or for a router that looks at no vectors: bad_data.
AddedTasks added_tasks(const TaskMoeManifest& mixture, const fs::path& task_vectors);

/// Rows `tasks` of a task-vectors directory, in this order, for a mixture on a base of this fingerprint. A task that it
/// lacks, or vectors of another base: bad_data.
std::vector<float> vectors_for(const fs::path& task_vectors, const std::vector<std::string>& tasks,
                               const std::string& fingerprint);

/// How the vectors of a directory were made, as a manifest says it ("settings").
Json vector_settings_of(const fs::path& task_vectors);

}  // namespace phatgoose
