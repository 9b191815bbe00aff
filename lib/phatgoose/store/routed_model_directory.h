// A routed model on disk: manifest.json names the base, the router with its settings, and the experts in order.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/store/expert_directory.h"

namespace phatgoose {

/// How scores become weights (METHODS 3.3 and 4); common to all token-level routers.
struct SelectionSettings {
  std::int64_t k = 2;
  std::optional<double> top_p = std::nullopt;  ///< replaces k where set
  double temperature = 1.0;
  double renorm_eps = 0.0;  ///< 1e-6 reproduces the original code

  bool operator==(const SelectionSettings&) const = default;
};

struct RoutedModelManifest {
  std::string base_path;  ///< as given to build; informative
  std::string base_fingerprint;
  std::string router = "phatgoose";
  SelectionSettings selection;
  struct ExpertReference {
    std::string name;
    std::string path;  ///< relative to the routed model's directory
    std::string adapter_hash, gate_hash;
    bool enabled = true;

    bool operator==(const ExpertReference&) const = default;
  };
  std::vector<ExpertReference> experts;

  bool operator==(const RoutedModelManifest&) const = default;
};

/// Writes manifest.json. `packed_files` are the copies of experts inside `directory` that it lists.
void write_routed_model(const fs::path& directory, const RoutedModelManifest& manifest,
                        const std::vector<std::string>& packed_files = {});
/// No manifest, another kind, settings out of range, repeated names, no expert enabled: bad_data. The experts
/// themselves are not opened.
RoutedModelManifest read_routed_model(const fs::path& directory);

}  // namespace phatgoose
