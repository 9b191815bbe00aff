// A routed model on disk: manifest.json names the base, the router with its settings, and the experts in order.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/routing_settings.h"

namespace phatgoose {

struct RoutedModelManifest {
  std::string base_path;  ///< as given to build; informative
  std::string base_fingerprint;
  RoutingSettings routing = RoutingSettings::defaults();  ///< without what only runs take
  /// The sentence encoder that the experts' examples were embedded with; empty for routers without one.
  std::string encoder_name, encoder_fingerprint;
  struct ExpertReference {
    std::string name;
    std::string path = {};                          ///< relative to the routed model's directory
    std::map<std::string, std::string> files = {};  ///< all that the router reads of the expert, with their hashes
    bool enabled = true;
    bool partial = false;  ///< admitted although it lacks factors that its configuration promises

    bool operator==(const ExpertReference&) const = default;
  };
  std::vector<ExpertReference> experts;

  bool operator==(const RoutedModelManifest&) const = default;
};

/// The expert called `name`: usage error at `option` where there is none.
RoutedModelManifest::ExpertReference& expert_called(RoutedModelManifest& manifest, const std::string& name,
                                                    const std::string& option);
/// Only the experts named in `enabled` (RoutingSettings) take part; none named: no change. Usage error for an unknown
/// name.
void enable_only(RoutedModelManifest& manifest, const std::vector<std::string>& enabled);

/// Whether the router can do with the number of experts that are enabled: usage error.
void check_enabled(const RoutedModelManifest& manifest);

/// Writes manifest.json. `packed_files` are the copies of experts inside `directory` that it lists.
void write_routed_model(const fs::path& directory, const RoutedModelManifest& manifest,
                        const std::vector<std::string>& packed_files = {});
/// No manifest, another kind, settings out of range, repeated names, no expert enabled: bad_data. The experts
/// themselves are not opened. Manifests of format 1, which tell the hashes without the names of the files, are read,
/// too.
RoutedModelManifest read_routed_model(const fs::path& directory);

/// A routed model on disk, as it is run.
struct RoutedModelDirectory {
  fs::path path;
  RoutedModelManifest manifest;

  /// With changes of how it routes and of who takes part. A name that no expert has, both k and top_p, or settings that
  /// the router does not take: usage error.
  static RoutedModelDirectory open(const fs::path& path, const RoutingSettings& changes = {});

  /// bad_data where it was built for another base than that of the fingerprint.
  void check_base(const std::string& fingerprint) const;
  /// Names, in order.
  std::vector<std::string> enabled_experts() const;
  /// Whether the same experts take part, and everything but their selection is the same.
  bool same_but_for_selection(const RoutedModelDirectory& other) const;
};

}  // namespace phatgoose
