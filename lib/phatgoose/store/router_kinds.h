// The registry of routers (METHODS 3.3 and 4): what each is composed of, and what it needs of its experts. Everything
// that depends on a router asks for one of these fields, never for a name.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// A file in an expert's directory that a router reads besides the adapter.
struct ExpertNeed {
  enum class Form {
    vectors,     ///< one for each adapted linear, compared with tokens (LinearVectors)
    embeddings,  ///< of the expert's training inputs or description, compared with inputs (StoredEmbeddings)
  };
  /// What makes it: `phatgoose train-gate`, `phatgoose describe`, or else a computation of `phatgoose prepare`.
  enum class Maker { train_gate, descriptions, mean_inputs, singular_vectors, example_embeddings };

  std::string file;
  Form form;
  Maker maker;

  bool prepared() const { return maker != Maker::train_gate && maker != Maker::descriptions; }
  /// Whether it is made from the expert's training rows, not from the LoRA alone.
  bool from_rows() const { return maker != Maker::singular_vectors; }
};

struct RouterKind {
  /// How a token is compared with an expert (routing/router.h).
  enum class TokenScores {
    none,                ///< all experts are alike
    normalised_product,  ///< LN(u) . LN(v_e) / sqrt(in)
    absolute_product,    ///< |u . v_e|
  };
  /// What is known of an input as a whole (routing/input_scorer.h).
  enum class InputScores {
    none,
    nearest_example,  ///< the expert that owns it
    description,      ///< alpha times the likeness of descriptions, of the input's task and of each expert
    consensus,        ///< alpha times the mean score of its tokens in a first pass
  };
  /// How the experts' updates come together.
  enum class Mixing {
    selected,        ///< per token: scores, selection, weights
    fixed,           ///< the same weights for every token
    merged_factors,  ///< one update for all, added to the frozen weights: the product of the mean factors
    merged_product,  ///< the same: the mean of the products
  };

  std::string name;
  TokenScores token_scores = TokenScores::none;
  InputScores input_scores = InputScores::none;
  Mixing mixing = Mixing::selected;
  std::vector<ExpertNeed> needs = {};  ///< at most one of each form
  std::int64_t most_experts = std::numeric_limits<std::int64_t>::max();
  bool shares_of_all = false;   ///< an expert that lacks a linear keeps its share of the weights there
  bool follows_labels = false;  ///< takes the experts that rows name: a reference, which a deployment could not have

  bool selects() const { return mixing == Mixing::selected; }
  bool merges() const { return mixing == Mixing::merged_factors || mixing == Mixing::merged_product; }
  bool scores_inputs() const { return input_scores != InputScores::none; }
  /// Whether it needs a sentence encoder for what it compares, descriptions or else inputs themselves.
  bool embeds() const { return input_scores == InputScores::nearest_example || describes(); }
  bool describes() const { return input_scores == InputScores::description; }
  /// Whether alpha scales its scores of inputs.
  bool takes_alpha() const { return describes() || input_scores == InputScores::consensus; }
  /// Whether `phatgoose prepare` makes something that it needs.
  bool prepared() const;
  /// Whether one of these is made from the expert's training rows.
  bool prepared_from_rows() const;
  /// Null where it needs nothing of this form.
  const ExpertNeed* need(ExpertNeed::Form form) const;
};

/// In the order in which documents list them. They stay where they are.
const std::vector<RouterKind>& router_kinds();
/// bad_data at `where` for an unknown name.
const RouterKind& router_kind(const std::string& name, const std::string& where);
/// The names of those for which `which` is true, in order.
std::vector<std::string> router_names(const std::function<bool(const RouterKind&)>& which);
std::vector<std::string> router_names();

/// The command that makes what a router of this kind needs for the expert directory `expert` of the base directory
/// `base` (empty: not known), to be pasted into a shell. What only the user knows is a word in capitals: the expert's
/// training rows.
std::string command_that_makes(const RouterKind& kind, const ExpertNeed& need, const std::string& base,
                               const fs::path& expert);
/// The needed file in that directory; where it is missing, bad_data with the command that makes it.
fs::path needed_file(const RouterKind& kind, const ExpertNeed& need, const std::string& base, const fs::path& expert);

}  // namespace phatgoose
