// manifest.json of a modular adapter: its sizes, its tasks and its base.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/store/modular_method.h"

namespace phatgoose {

/// What opening the adapter needs of the manifest's body; "best", "training" and "rows" tell where it comes from.
struct ModularManifest {
  std::string name;
  ModularShape shape;                   ///< "method", "rank", "skills", "splits", "order"
  std::vector<std::string> tasks = {};  ///< by row of the logits; without routing, those it was trained on
  std::string base_fingerprint = {};
};

/// Nothing without a manifest. One of another kind, sizes that no adapter of the method has, and tasks without a name
/// or of the same name are bad_data.
std::optional<ModularManifest> read_modular_manifest(const fs::path& directory);

/// The five keys of a shape, for the body of a manifest that is written.
Json to_json(const ModularShape& shape);

}  // namespace phatgoose
