#include "phatgoose/store/routing_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/option_values.h"

namespace phatgoose {
namespace {

/// Where a setting is found.
enum Places : unsigned {
  kBuild = 1,
  kEvaluate = 2,
  kPredict = 4,
  kManifest = 8,
  kRun = kEvaluate | kPredict,
  kEverywhere = kBuild | kRun | kManifest
};

unsigned place_of(RoutingUse use) {
  if (use == RoutingUse::build) return kBuild;
  return use == RoutingUse::evaluate ? kEvaluate : kPredict;
}

/// The routers that take a setting, and what is to be said of all others.
struct Takers {
  bool (*take)(const RouterKind& kind);
  const char* otherwise;
};

constexpr Takers kAll{[](const RouterKind&) { return true; }, ""};
constexpr Takers kScaling{[](const RouterKind& kind) { return kind.takes_alpha(); }, "has no alpha"};
constexpr Takers kDescribing{[](const RouterKind& kind) { return kind.describes(); }, "compares no descriptions"};
constexpr Takers kSelecting{[](const RouterKind& kind) { return kind.selects(); }, "selects nothing"};

struct RoutingSetting {
  unsigned places;
  Takers takers;
  Option option;  ///< sets the field
};

/// Every setting. One that is added later has no value in defaults(): manifests that do not know it stay readable, and
/// what uses it says what none means.
std::vector<RoutingSetting> declared(RoutingSettings& settings) {
  std::vector<RoutingSetting> all;
  const auto add = [&](const char* name, OptionTarget target, unsigned places, Takers takers,
                       const char* help) -> Option& {
    return all.emplace_back(RoutingSetting{places, takers, {name, target, help}}).option;
  };
  add("router", &settings.router, kBuild | kManifest, kAll, "how experts are chosen, or merged").one_of(router_names());
  add("k", &settings.k, kEverywhere, kSelecting, "experts per token; all, if there are fewer").at_least(1);
  add("top-p", &settings.top_p, kEverywhere, kSelecting,
      "instead of --k: the fewest experts whose softmax weights add up to this")
      .between(1e-9, 1);
  add("temperature", &settings.temperature, kEverywhere, kSelecting, "divides the scores before the softmax")
      .at_least(1e-9);
  add("renorm-eps", &settings.renorm_eps, kBuild | kManifest, kSelecting,
      "added to the denominator of the weights; 1e-6 as in the original code")
      .at_least(0);
  add("mix", &settings.mix, kBuild | kManifest, kSelecting,
      "what is averaged: the experts' outputs, or their parameters before the product")
      .one_of({"outputs", "parameters"});
  add("enabled", &settings.enabled, kBuild | kRun, kAll, "use only these experts (names separated by commas)")
      .as("A,B");
  add("global-alpha", &settings.global_alpha, kEverywhere, kScaling,
      "weight of what is known of a whole input beside the scores of its tokens: a number, or for descriptions auto, "
      "from how far the best match stands out (default: auto; of consensus: 3)")
      .as("NUMBER|auto");
  add("encoder", &settings.encoder, kRun, kAll,
      "sentence encoder directory that examples or descriptions were embedded with; default: the base")
      .as("DIR");
  add("descriptions", &settings.descriptions, kEvaluate, kDescribing,
      "descriptions of the tasks, or of their rows, as phatgoose describe writes them")
      .as("FILE");
  return all;
}

/// The key of a manifest.
std::string key_of(const Option& option) {
  if (option.name == "router") return "name";
  std::string key = option.name;
  std::ranges::replace(key, '-', '_');
  return key;
}

}  // namespace

RoutingSettings RoutingSettings::defaults() {
  const SelectionSettings usual;
  return {.router = "phatgoose",
          .k = usual.k,
          .temperature = usual.temperature,
          .renorm_eps = usual.renorm_eps,
          .mix = "outputs"};
}

RoutingSettings RoutingSettings::of_manifest(const Json& json) {
  RoutingSettings settings = defaults();
  for (const RoutingSetting& setting : declared(settings)) {
    if ((setting.places & kManifest) != 0) assign_json(setting.option, json, key_of(setting.option));
  }
  return settings;
}

Json RoutingSettings::manifest() const {
  RoutingSettings settings = *this;
  Json json = Json::object();
  for (const RoutingSetting& setting : declared(settings)) {
    if ((setting.places & kManifest) != 0) json[key_of(setting.option)] = value_json(setting.option);
  }
  return json;
}

void RoutingSettings::declare(OptionSet& set, RoutingUse use) {
  const bool builds = use == RoutingUse::build;
  set.begin_group(builds ? "Routing" : "Routing (for --routed; default: as built)");
  for (RoutingSetting& setting : declared(*this)) {
    if ((setting.places & place_of(use)) == 0) continue;
    if (builds && setting.option.name == "k") setting.option.help += fmt::format(" (default: {})", *defaults().k);
    set.add(std::move(setting.option));
  }
}

std::string RoutingSettings::given() const {
  RoutingSettings settings = *this;
  std::string names;
  for (const RoutingSetting& setting : declared(settings)) {
    if (has_value(setting.option)) names += (names.empty() ? "--" : ", --") + setting.option.name;
  }
  return names;
}

RoutingSettings RoutingSettings::overridden_by(RoutingSettings changes) const {
  RoutingSettings result = *this;
  if (changes.k) result.top_p.reset();  // which would go before k
  const std::vector<RoutingSetting> from = declared(changes), to = declared(result);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (has_value(from[i].option)) copy_value(from[i].option, to[i].option);
  }
  return result;
}

void RoutingSettings::check_fit(const std::string& router_name, const std::string& model,
                                RoutingSettings harmless) const {
  const RouterKind& kind = router_kind(router_name, model);
  RoutingSettings settings = *this;
  const std::vector<RoutingSetting> given = declared(settings), usual = declared(harmless);
  for (std::size_t i = 0; i < given.size(); ++i) {
    const auto& [places, takers, option] = given[i];
    if (!has_value(option) || takers.take(kind) || value_text(option) == value_text(usual[i].option)) continue;
    refuse_usage("--" + option.name + " " + value_text(option),
                 fmt::format("{} {} {}", model, kind.name, takers.otherwise), "a router that takes it");
  }
  if (global_alpha && parse_alpha(*global_alpha).is_auto() && !kind.describes()) {
    refuse_usage("--global-alpha auto", fmt::format("{} {} compares no descriptions", model, kind.name), "a number");
  }
  if (k && top_p) refuse_usage("--k, --top-p", "both", "one of them: top-p takes the place of k");
}

Alpha RoutingSettings::alpha_for(const RouterKind& kind) const {
  if (global_alpha) return parse_alpha(*global_alpha);
  return kind.describes() ? Alpha{} : Alpha{kHeldOutAlpha};
}

SelectionSettings RoutingSettings::selection() const {
  const SelectionSettings usual;
  return {.k = k.value_or(usual.k),
          .top_p = top_p,
          .temperature = temperature.value_or(usual.temperature),
          .renorm_eps = renorm_eps.value_or(usual.renorm_eps)};
}

bool RoutingSettings::same_but_for_selection(RoutingSettings other) const {
  other.k = k;
  other.top_p = top_p;
  other.temperature = temperature;
  other.renorm_eps = renorm_eps;
  return other == *this;
}

}  // namespace phatgoose
