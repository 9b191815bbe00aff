// manifest.json: what a finished directory of ours is. Written last; a directory without one is unfinished.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

/// What a directory of ours may be.
constexpr const char* kModelKind = "model";
constexpr const char* kExpertKind = "expert";
constexpr const char* kModularKind = "modular-adapter";
constexpr const char* kTaskMoeKind = "task-moe";
constexpr const char* kTaskVectorsKind = "task-vectors";
constexpr const char* kRoutedModelKind = "routed-model";
constexpr const char* kResultsKind = "results";
constexpr const char* kResultsShardKind = "results-shard";
constexpr const char* kCheckpointKind = "checkpoint";

/// Common frame of every manifest; `body` holds what the kind needs, under other keys than "kind", "format", "version"
/// and "files", which are the frame's.
struct Manifest {
  std::string kind;  ///< one of those above
  Json body = Json::object();
  std::int64_t format = 0;  ///< as it was read; what is written has the newest of its kind
};

/// Adds version, kind, and size and hash of each of `files` (relative to `directory`), and writes manifest.json
/// atomically.
void write_manifest(const fs::path& directory, const Manifest& manifest, const std::vector<std::string>& files);

/// Nothing when the directory has no manifest.json; bad_data when it is unreadable, of another kind than `kind`
/// (an empty `kind` admits all) or of a newer format. Sizes of the listed files are checked, and their hashes too when
/// `verify_hashes`.
std::optional<Manifest> read_manifest(const fs::path& directory, const std::string& kind = {},
                                      bool verify_hashes = false);

/// Whether there is a manifest of this kind, whatever has become of its files.
bool is_of_kind(const fs::path& directory, const std::string& kind);

/// read_manifest with all hashes, before a command answers that there is nothing to do. What is damaged is bad_data
/// with the `remedy`; without one, that is to remove the directory.
std::optional<Manifest> read_finished(const fs::path& directory, const std::string& kind, std::string remedy = {});
/// "remove DIRECTORY, and run the same command again"
std::string remedy_of_removing(const fs::path& directory);

/// Fingerprint of a base model directory: tells models apart, whichever container format holds them. It is a hash over
/// names, dtypes and shapes of the tensors and a sample of their data (at most 64 KiB of each), so that it costs little
/// for the largest model. Copies of the embedding under other names do not count. bf16 and fp32 files differ.
std::string base_fingerprint(const fs::path& model_directory);

/// Refuses an --out directory that holds something foreign: usage error unless it is missing, empty, or holds a product
/// of the same command (a manifest of `kind`); a damaged one: bad_data as by read_finished.
void check_output_directory(const fs::path& directory, const std::string& kind);

}  // namespace phatgoose
