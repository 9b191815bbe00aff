#include "phatgoose/settings/routing_changes.h"

#include <sstream>

namespace phatgoose {

void RoutingOptions::declare(OptionSet& set) {
  const char* group = "Routing (for --routed; default: as built)";
  set.add("k", &k, "experts per token; all, if there are fewer").at_least(1).in(group);
  set.add("top-p", &top_p, "instead of --k: the fewest experts whose softmax weights add up to this")
      .between(1e-9, 1)
      .in(group);
  set.add("temperature", &temperature, "divides the scores before the softmax").at_least(1e-9).in(group);
  set.add("enabled", &enabled, "use only these experts (names separated by commas)").as("A,B").in(group);
  set.add("encoder", &encoder, "sentence encoder directory that retrieval was prepared with; default: the base")
      .as("DIR")
      .in(group);
}

RoutingChanges RoutingOptions::changes() const {
  return {.k = k, .top_p = top_p, .temperature = temperature, .enabled = split_at_commas(enabled), .source = source};
}

std::vector<std::string> split_at_commas(const std::vector<std::string>& texts) {
  std::vector<std::string> names;
  for (const std::string& text : texts) {
    std::istringstream stream(text);
    for (std::string name; std::getline(stream, name, ',');) {
      if (!name.empty()) names.push_back(name);
    }
  }
  return names;
}

}  // namespace phatgoose
