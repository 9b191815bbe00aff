// A routed model on disk: manifest.json names the base, the router with its settings, and the experts in order.
#pragma once

#include <cstdint>
#include <map>
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

/// What the chosen experts' results are weighted sums of (METHODS 4, Arrow).
enum class Mix {
  outputs,     ///< sum_e w_e c_e B_e A_e u
  parameters,  ///< c (sum_e w_e B_e) (sum_e w_e A_e) u; equal ranks and scales only
};

const char* name_of(Mix mix);

struct RoutedModelManifest {
  std::string base_path;  ///< as given to build; informative
  std::string base_fingerprint;
  std::string router = "phatgoose";  ///< one of router_kinds()
  SelectionSettings selection;
  Mix mix = Mix::outputs;
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

/// What evaluation may change without building again; what is not set stays.
struct RoutingChanges {
  std::optional<std::int64_t> k;
  std::optional<double> top_p, temperature;
  std::vector<std::string> enabled = {};  ///< names; empty: as built
  std::string source = {};                ///< "FILE:LINE" where they stand, for errors; empty: options of a command

  bool operator==(const RoutingChanges&) const = default;
};

/// The manifest with `changes`. A name that no expert has, both k and top_p, or settings of selection for a router that
/// selects nothing: usage error, or bad_data where they stand in a file; `where` is the directory.
RoutedModelManifest changed(RoutedModelManifest manifest, const RoutingChanges& changes, const std::string& where);

/// Only these experts take part (none named: no change); an error as of changed() for an unknown name.
void enable_only(RoutedModelManifest& manifest, const std::vector<std::string>& names, const std::string& source = {});

/// Whether the router can do with the number of experts that are enabled: an error as of changed().
void check_enabled(const RoutedModelManifest& manifest, const std::string& source = {});

/// Writes manifest.json. `packed_files` are the copies of experts inside `directory` that it lists.
void write_routed_model(const fs::path& directory, const RoutedModelManifest& manifest,
                        const std::vector<std::string>& packed_files = {});
/// No manifest, another kind, settings out of range, repeated names, no expert enabled: bad_data. The experts
/// themselves are not opened. Manifests of format 1, which tell the hashes without the names of the files, are read,
/// too.
RoutedModelManifest read_routed_model(const fs::path& directory);

}  // namespace phatgoose
