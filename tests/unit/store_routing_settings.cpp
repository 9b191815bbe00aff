#include "phatgoose/store/routing_settings.h"

#include <catch2/catch.hpp>

#include "phatgoose/base/error.h"
#include "support/fails_with.h"

namespace phatgoose {
namespace {

using test::FailsWith;

std::vector<std::string> names_of(RoutingUse use) {
  RoutingSettings settings;
  OptionSet set("test", "");
  settings.declare(set, use);
  std::vector<std::string> names;
  for (const Option& option : set.options()) names.push_back(option.name);
  return names;
}

TEST_CASE("what a change of routing does not give stays, and k and top-p take each other's place") {
  const RoutingSettings built = RoutingSettings::defaults().overridden_by({.top_p = 0.5, .renorm_eps = 1e-6});
  CHECK(built.selection().top_p == 0.5);
  CHECK(built.overridden_by({}) == built);
  CHECK(built.overridden_by({.temperature = 2.0}).selection().top_p == 0.5);
  const RoutingSettings changed =
      built.overridden_by({.k = 3, .mix = "parameters", .enabled = {"a,b"}, .encoder = "e"});
  const RoutingSettings expected{.router = "phatgoose",
                                 .k = 3,
                                 .temperature = 1.0,
                                 .renorm_eps = 1e-6,
                                 .mix = "parameters",
                                 .enabled = {"a,b"},
                                 .encoder = "e"};
  CHECK(changed == expected);
  CHECK(changed.mixing() == Mix::parameters);
  CHECK_FALSE(changed.overridden_by({.top_p = 0.25}).same_but_for_selection(built));
  CHECK(built.overridden_by({.k = 3, .temperature = 2.0}).same_but_for_selection(built));
}

TEST_CASE("routing settings are those of their options and of a manifest") {
  using Names = std::vector<std::string>;
  CHECK(names_of(RoutingUse::build) ==
        Names{"router", "k", "top-p", "temperature", "renorm-eps", "mix", "enabled", "global-alpha"});
  CHECK(names_of(RoutingUse::predict) == Names{"k", "top-p", "temperature", "enabled", "global-alpha", "encoder"});
  CHECK(names_of(RoutingUse::evaluate) ==
        Names{"k", "top-p", "temperature", "enabled", "global-alpha", "encoder", "descriptions"});
  CHECK(RoutingSettings().given().empty());
  CHECK(RoutingSettings{.k = 1, .top_p = 0.5, .enabled = {"a"}}.given() == "--k, --top-p, --enabled");

  CHECK(
      RoutingSettings::defaults().manifest().dump() ==
      R"({"name":"phatgoose","k":2,"top_p":null,"temperature":1.0,"renorm_eps":0.0,"mix":"outputs","global_alpha":null})");
  const RoutingSettings settings = RoutingSettings::defaults().overridden_by({.router = "arrow", .top_p = 0.75});
  CHECK(RoutingSettings::of_manifest(settings.manifest()) == settings);
}

TEST_CASE("settings that a router does not take are refused by name, unless they say nothing new") {
  const auto refused = [](const RoutingSettings& given, const char* router, const char* where, const char* found) {
    CHECK_THROWS_MATCHES(given.check_fit(router, "m, whose router", RoutingSettings::defaults()), Error,
                         FailsWith(ExitCode::usage, where, found));
  };
  refused({.k = 1}, "uniform", "--k 1", "m, whose router uniform selects nothing");
  refused({.mix = "parameters"}, "merged-product", "--mix parameters", "selects nothing");
  refused({.k = 3, .top_p = 0.5}, "arrow", "--k, --top-p", "both");
  RoutingSettings{.k = 2, .temperature = 1.0, .enabled = {"a"}}.check_fit("uniform", "", RoutingSettings::defaults());
  RoutingSettings{.k = 3, .mix = "parameters"}.check_fit("arrow", "", {});
  CHECK_THROWS_MATCHES(RoutingSettings{.k = 2}.check_fit("uniform", "m", {}), Error,
                       FailsWith(ExitCode::usage, "--k 2"));
}

}  // namespace
}  // namespace phatgoose
