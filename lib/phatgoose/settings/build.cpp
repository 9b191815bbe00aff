#include "phatgoose/settings/build.h"

#include <algorithm>
#include <iterator>

#include "phatgoose/base/error.h"
#include "phatgoose/store/expert_examination.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {

OptionSet BuildSettings::declare() {
  OptionSet set("build", "Make a routed model of expert directories; nothing is trained");
  const char* parts = "Parts";
  set.add("model", &model, "base model directory").as("DIR").must().in(parts);
  set.add("expert", &experts, "expert directories, each with what the router needs").as("DIR").in(parts);
  set.add("library", &library, "a directory of expert directories: all of them, by name, after those of --expert")
      .as("DIR")
      .in(parts);
  expert_options.declare(set, parts);
  set.add("out", &out, "directory of the routed model").as("DIR").must().in(parts);
  set.add("pack", &pack, "copy the experts into the directory, so that it can be moved").in(parts);
  const char* routing = "Routing";
  set.add("router", &router, "how experts are chosen, or merged").one_of(router_names()).in(routing);
  set.add("k", &k, "experts per token; more than there are means all").at_least(1).in(routing);
  set.add("top-p", &top_p, "instead of k: as many experts as hold this share of the softmax")
      .between(1e-9, 1)
      .in(routing);
  set.add("temperature", &temperature, "divides the scores before the softmax").at_least(1e-9).in(routing);
  set.add("renorm-eps", &renorm_eps, "added to the denominator of the weights; 1e-6 as in the original code")
      .at_least(0)
      .in(routing);
  set.add("mix", &mix, "what the weights weigh: the experts' outputs, or their parameters before the product")
      .one_of({"outputs", "parameters"})
      .in(routing);
  set.add("enabled", &enabled, "only these experts take part, separated by commas; default: all").as("A,B").in(routing);
  return set;
}

std::vector<fs::path> BuildSettings::all_experts() const {
  std::vector<fs::path> all(experts.begin(), experts.end());
  if (library) std::ranges::move(experts_in(*library), std::back_inserter(all));
  if (all.empty()) {
    fail(ExitCode::usage, {.where = "--expert", .found = "no expert", .expected = "expert directories, or --library"});
  }
  return all;
}

}  // namespace phatgoose
