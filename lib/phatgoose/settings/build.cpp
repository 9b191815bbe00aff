#include "phatgoose/settings/build.h"

#include "phatgoose/base/error.h"
#include "phatgoose/settings/named_directories.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {

OptionSet BuildSettings::declare() {
  OptionSet set("build", "Make a routed model from expert directories; nothing is trained");
  const char* parts = "Parts";
  set.add("model", &model, "base model directory").as("DIR").must().in(parts);
  set.add("expert", &experts, "expert directories, each with what the router needs; NAME= gives one another name")
      .as("[NAME=]DIR")
      .in(parts);
  declare_library(set, library, parts);
  expert_options.declare(set, parts);
  set.add("out", &out, "directory of the routed model").as("DIR").must().in(parts);
  set.add("pack", &pack, "copy the experts into the directory, so that it can be moved").in(parts);
  const char* routing = "Routing";
  set.add("router", &router, "how experts are chosen, or merged").one_of(router_names()).in(routing);
  set.add("k", &k, "experts per token (default: 2); all, if there are fewer").at_least(1).in(routing);
  set.add("top-p", &top_p, "instead of --k: the fewest experts whose softmax weights add up to this")
      .between(1e-9, 1)
      .in(routing);
  set.add("temperature", &temperature, "divides the scores before the softmax").at_least(1e-9).in(routing);
  set.add("renorm-eps", &renorm_eps, "added to the denominator of the weights; 1e-6 as in the original code")
      .at_least(0)
      .in(routing);
  set.add("mix", &mix, "what is averaged: the experts' outputs, or their parameters before the product")
      .one_of({"outputs", "parameters"})
      .in(routing);
  set.add("enabled", &enabled, "use only these experts (names separated by commas); default: all")
      .as("A,B")
      .in(routing);
  return set;
}

SelectionSettings BuildSettings::selection() const {
  if (k && top_p) {
    refuse_usage("--k, --top-p", "both", "one of them: top-p takes the place of k");
  }
  SelectionSettings selection{.top_p = top_p, .temperature = temperature, .renorm_eps = renorm_eps};
  if (k) selection.k = *k;
  return selection;
}

}  // namespace phatgoose
