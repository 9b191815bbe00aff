// How a routed model routes. Every setting is declared once, in routing_settings.cpp: the options of `build`, `eval`
// and `predict`, the keys of a methods file and those of a routed model's manifest, and what changes what, follow from
// there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/base/options.h"
#include "phatgoose/store/alpha.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {

/// How scores become weights (METHODS 3.3 and 4); common to all token-level routers.
struct SelectionSettings {
  std::int64_t k = 2;
  std::optional<double> top_p = std::nullopt;  ///< replaces k where set
  double temperature = 1.0;
  double renorm_eps = 0.0;  ///< 1e-6 reproduces the original code
};

/// What the chosen experts' results are weighted sums of (METHODS 4, Arrow).
enum class Mix {
  outputs,     ///< sum_e w_e c_e B_e A_e u
  parameters,  ///< c (sum_e w_e B_e) (sum_e w_e A_e) u; equal ranks and scales only
};

/// Who declares settings: `build` makes a routed model with them; `eval` and `predict` run one, and may change some.
enum class RoutingUse { build, evaluate, predict };

/// What is not given (empty) stays as it was built, or is the default.
struct RoutingSettings {
  std::string router = {};  ///< one of router_kinds()
  std::optional<std::int64_t> k = {};
  std::optional<double> top_p = {}, temperature = {}, renorm_eps = {};
  std::string mix = {};                          ///< "outputs" or "parameters"
  std::vector<std::string> enabled = {};         ///< texts of one or more names of experts, separated by commas
  std::optional<std::string> global_alpha = {};  ///< as parse_alpha() reads it; none: alpha_for()
  std::optional<std::string> encoder = {};       ///< directory of the sentence encoder; none: the base's own
  std::optional<std::string> descriptions = {};  ///< file of descriptions of tasks, or of their rows

  /// Router, k, temperature, renorm_eps and mix as a routed model has them that is built without any.
  static RoutingSettings defaults();
  /// Those of a manifest, whose keys are `json`; bad_data for a value that its option would not take.
  static RoutingSettings of_manifest(const Json& json);
  Json manifest() const;

  void declare(OptionSet& set, RoutingUse use);
  /// The options that are given, as they are typed: "--k, --top-p"; empty for none.
  std::string given() const;

  /// These settings but for those that `changes` gives; k alone takes the place of top_p, too.
  RoutingSettings overridden_by(RoutingSettings changes) const;
  /// Usage error for both k and top_p, and for the first setting that the router does not take and that is not as in
  /// `harmless`; `model` is whose router it is: "DIR, whose router".
  void check_fit(const std::string& router_name, const std::string& model, RoutingSettings harmless) const;

  /// Where none is given: auto for descriptions, else 3.
  Alpha alpha_for(const RouterKind& kind) const;
  /// As the kernels take them, where nothing is given by default.
  SelectionSettings selection() const;
  Mix mixing() const { return mix == "parameters" ? Mix::parameters : Mix::outputs; }
  /// Whether these differ in their selection() at most.
  bool same_but_for_selection(RoutingSettings other) const;

  bool operator==(const RoutingSettings&) const = default;
};

}  // namespace phatgoose
