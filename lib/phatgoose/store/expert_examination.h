// What an expert must be to take part in a routed model; shared by `build` and `edit`.
#pragma once

#include <vector>

#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {

/// The reference to an expert, its `path` left to the caller. Checks its name, its values, that it fits the base that
/// `manifest` names (of configuration `config`), that it is not partial unless `allow_partial`, and what the manifest's
/// router needs besides its adapter, which must have been made for this very adapter; of a router that compares inputs
/// the first expert's encoder becomes the manifest's, and the others must have the same: bad_data.
RoutedModelManifest::ExpertReference examine_expert(const NamedDirectory& directory, const T5Config& config,
                                                    RoutedModelManifest& manifest, bool allow_partial);

/// The files of an expert that the manifest's router reads: the adapter's, and those that it needs besides. One that is
/// missing is bad_data, with the command that makes it.
std::vector<std::string> files_read(const ExpertDirectory& expert, const RoutedModelManifest& manifest);

/// Refuses an expert of which the manifest's router reads other files than those that `reference` has the hashes of:
/// bad_data.
void check_unchanged(const ExpertDirectory& expert, const RoutedModelManifest::ExpertReference& reference,
                     const RoutedModelManifest& manifest);

/// Adds an expert, whose directory `source` is named in errors: bad_data where its name is taken.
void add_expert(RoutedModelManifest& manifest, RoutedModelManifest::ExpertReference expert, const fs::path& source);

/// Where the router takes means of factors, the enabled experts must be alike (check_alike): bad_data. `paths` are
/// the directories of all experts of the manifest, in order.
void check_factors(const RoutedModelManifest& manifest, const std::vector<fs::path>& paths);

/// `expert` as it is written in the manifest of `directory`.
std::string relative_path(const fs::path& expert, const fs::path& directory);

/// The expert directories in a library, by name: its sub-directories with an adapter_config.json. None: bad_data.
std::vector<fs::path> experts_in(const fs::path& library);

}  // namespace phatgoose
