#include "phatgoose/store/router_kinds.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/shell.h"

namespace phatgoose {

const std::vector<RouterKind>& router_kinds() {
  using TokenScores = RouterKind::TokenScores;
  using InputScores = RouterKind::InputScores;
  using Mixing = RouterKind::Mixing;
  using Form = ExpertNeed::Form;
  using Maker = ExpertNeed::Maker;
  const ExpertNeed gate{"gate.safetensors", Form::vectors, Maker::train_gate};
  const ExpertNeed mean_input{"average-activation.safetensors", Form::vectors, Maker::mean_inputs};
  const ExpertNeed direction{"arrow.safetensors", Form::vectors, Maker::singular_vectors};
  const ExpertNeed description{"description.safetensors", Form::embeddings, Maker::descriptions};
  static const std::vector<RouterKind> kinds = {
      {.name = "phatgoose", .token_scores = TokenScores::normalised_product, .needs = {gate}},
      {.name = "average-activation", .token_scores = TokenScores::normalised_product, .needs = {mean_input}},
      {.name = "arrow", .token_scores = TokenScores::absolute_product, .needs = {direction}},
      {.name = "glider",
       .token_scores = TokenScores::normalised_product,
       .input_scores = InputScores::description,
       .needs = {gate, description}},
      {.name = "glider-average-activation",
       .token_scores = TokenScores::normalised_product,
       .input_scores = InputScores::description,
       .needs = {mean_input, description}},
      {.name = "glider-arrow",
       .token_scores = TokenScores::absolute_product,
       .input_scores = InputScores::description,
       .needs = {direction, description}},
      {.name = "consensus",
       .token_scores = TokenScores::normalised_product,
       .input_scores = InputScores::consensus,
       .needs = {gate}},
      {.name = "retrieval",
       .input_scores = InputScores::nearest_example,
       .mixing = Mixing::fixed,
       .needs = {{"retrieval.safetensors", Form::embeddings, Maker::example_embeddings}}},
      {.name = "uniform", .mixing = Mixing::fixed, .shares_of_all = true},
      {.name = "single", .mixing = Mixing::fixed, .most_experts = 1},
      {.name = "token-oracle", .mixing = Mixing::fixed, .follows_labels = true},
      {.name = "merged-factors", .mixing = Mixing::merged_factors},
      {.name = "merged-product", .mixing = Mixing::merged_product},
  };
  return kinds;
}

bool RouterKind::prepared() const { return std::ranges::any_of(needs, &ExpertNeed::prepared); }

bool RouterKind::prepared_from_rows() const {
  return std::ranges::any_of(needs, [](const ExpertNeed& need) { return need.prepared() && need.from_rows(); });
}

const ExpertNeed* RouterKind::need(ExpertNeed::Form form) const {
  const auto found = std::ranges::find(needs, form, &ExpertNeed::form);
  return found == needs.end() ? nullptr : &*found;
}

std::vector<std::string> router_names(const std::function<bool(const RouterKind&)>& which) {
  std::vector<std::string> names;
  for (const RouterKind& kind : router_kinds()) {
    if (which(kind)) names.push_back(kind.name);
  }
  return names;
}

std::vector<std::string> router_names() {
  return router_names([](const RouterKind&) { return true; });
}

const RouterKind& router_kind(const std::string& name, const std::string& where) {
  const auto found = std::ranges::find(router_kinds(), name, &RouterKind::name);
  if (found != router_kinds().end()) return *found;
  refuse(where, fmt::format("router \"{}\"", name), fmt::format("one of {}", fmt::join(router_names(), ", ")),
         did_you_mean(name, router_names()));
}

namespace {

/// The command, with the options that only it has.
std::string maker_command(const RouterKind& kind, const ExpertNeed& need) {
  switch (need.maker) {
    case ExpertNeed::Maker::train_gate:
      return "train-gate";
    case ExpertNeed::Maker::descriptions:
      return "describe --source rule";
    default:
      return "prepare --router " + kind.name;
  }
}

}  // namespace

std::string command_that_makes(const RouterKind& kind, const ExpertNeed& need, const std::string& base,
                               const fs::path& expert) {
  return fmt::format("phatgoose {} --model {} --expert {}{}", maker_command(kind, need),
                     base.empty() ? "BASE" : shell_word(base), shell_word(expert.lexically_normal().string()),
                     need.from_rows() ? " --data TRAIN.jsonl" : "");
}

fs::path needed_file(const RouterKind& kind, const ExpertNeed& need, const std::string& base, const fs::path& expert) {
  if (is_file(expert / need.file)) return expert / need.file;
  refuse(expert.string(), "no " + need.file, "what the router " + kind.name + " needs of an expert",
         command_that_makes(kind, need, base, expert));
}

}  // namespace phatgoose
