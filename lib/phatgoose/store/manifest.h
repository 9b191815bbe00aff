// manifest.json: what a finished directory of ours is. Written last; a directory without one is unfinished.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

/// Common frame of every manifest; `body` holds what the kind needs.
struct Manifest {
  std::string kind;  ///< "model", "expert", "routed-model", "results", ...
  Json body = Json::object();
};

/// Adds version, kind, and size and hash of each of `files` (relative to `directory`), and writes manifest.json
/// atomically.
void write_manifest(const fs::path& directory, const Manifest& manifest, const std::vector<std::string>& files);

/// Nothing when the directory has no manifest.json; bad_data when it is unreadable or of another kind than `kind`
/// (an empty `kind` admits all). Sizes of the listed files are checked, and their hashes too when `verify_hashes`.
std::optional<Manifest> read_manifest(const fs::path& directory, const std::string& kind = {},
                                      bool verify_hashes = false);

/// Fingerprint of a base model directory: a hash over names, shapes, dtypes and data of its tensors that does not
/// depend on the container format. Cached in the manifest of our own models; otherwise computed by reading the files
/// once.
std::string base_fingerprint(const fs::path& model_directory);

/// Refuses an --out directory that holds something foreign: usage error unless it is missing, empty, or holds a run or
/// a product of the same command (`kind`).
void check_output_directory(const fs::path& directory, const std::string& kind);

}  // namespace phatgoose
