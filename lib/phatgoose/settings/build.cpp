#include "phatgoose/settings/build.h"

#include <sstream>

namespace phatgoose {

OptionSet BuildSettings::declare() {
  OptionSet set("build", "Make a routed model of expert directories; nothing is trained");
  const char* parts = "Parts";
  set.add("model", &model, "base model directory").as("DIR").must().in(parts);
  set.add("expert", &experts, "expert directories, each with its gate").as("DIR").must().in(parts);
  set.add("out", &out, "directory of the routed model").as("DIR").must().in(parts);
  set.add("pack", &pack, "copy the experts into the directory, so that it can be moved").in(parts);
  const char* routing = "Routing";
  set.add("router", &router, "how tokens are scored").one_of({"phatgoose"}).in(routing);
  set.add("k", &k, "experts per token; more than there are means all").at_least(1).in(routing);
  set.add("top-p", &top_p, "instead of k: as many experts as hold this share of the softmax")
      .between(1e-9, 1)
      .in(routing);
  set.add("temperature", &temperature, "divides the scores before the softmax").at_least(1e-9).in(routing);
  set.add("renorm-eps", &renorm_eps, "added to the denominator of the weights; 1e-6 as in the original code")
      .at_least(0)
      .in(routing);
  set.add("enabled", &enabled, "only these experts take part, separated by commas; default: all").as("A,B").in(routing);
  return set;
}

std::vector<std::string> BuildSettings::enabled_names() const {
  std::vector<std::string> names;
  for (const std::string& text : enabled) {
    std::istringstream stream(text);
    for (std::string name; std::getline(stream, name, ',');) names.push_back(name);
  }
  return names;
}

}  // namespace phatgoose
