// inspect of a modular adapter: its sizes, and what its tasks have learned to share.
#pragma once

#include <string>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

/// Adds to `found` what there is to say of a directory with the body of its manifest (empty without one): "method",
/// "rank", "skills", "splits", "order", "base", "linears", "adapts", "dtypes", "adapter_parameters",
/// "routing_parameters" and "tasks". With routing also "task_similarity", a matrix of cosines, and "layers", a list of
/// {"layer", "effective_skills", "weights"} (store/mixing_weights.h); rounded to six decimals, null where there is no
/// direction. Of the tensors only the logits are read. bad_data as by ModularDirectory::open.
void describe_modular(const fs::path& directory, const Json& body, Json& found);

/// "layers" for people.
std::string layer_skills_text(const Json& layers);

}  // namespace phatgoose
