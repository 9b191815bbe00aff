// The routing methods that a routed model may name, and what each needs of its experts (METHODS 3.3 and 4).
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace phatgoose {

struct RouterKind {
  /// How the experts' updates come together.
  enum class Mixing {
    selected,  ///< per token: scores, selection, weights
    fixed,     ///< the same weights for every token
    merged,    ///< one update for all, added to the frozen weights
  };

  const char* name;
  const char* prototypes;  ///< file in the expert's directory that the method reads; null: none
  const char* made_by;     ///< the command that writes it, without its other options
  Mixing mixing;
  bool has_encoder = false;    ///< compares whole inputs by sentence embeddings
  bool shares_of_all = false;  ///< an expert that lacks a linear keeps its share of the weights there
  bool uses_labels = false;    ///< follows the experts that rows name: a reference, which a deployment could not have
};

/// In the order in which documents list them.
std::span<const RouterKind> router_kinds();
/// bad_data at `where` for an unknown name.
const RouterKind& router_kind(const std::string& name, const std::string& where);
std::vector<std::string> router_names();

/// The command that makes kind.prototypes for the expert directory `expert` of the base directory `base` (empty: not
/// known), to be pasted into a shell. What only the user knows is a word in capitals: the expert's training rows.
std::string command_that_makes(const RouterKind& kind, const std::string& base, const std::filesystem::path& expert);

}  // namespace phatgoose
