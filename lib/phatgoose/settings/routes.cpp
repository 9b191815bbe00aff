#include "phatgoose/settings/routes.h"

namespace phatgoose {

OptionSet RoutesSettings::declare() {
  OptionSet set("routes", "Compare the routes that tasks take through copies of layers with what the tasks are about");
  set.add("path", &path, "a mixture, or a file of routes (JSON)").as("DIR|FILE").as_positional().must();
  set.add("categories", &categories, "YAML file with the category of every task: lines TASK: CATEGORY")
      .as("FILE")
      .must();
  set.add("vectors", &vectors, "directory of task vectors, to compare routes with how alike these are").as("DIR");
  set.add("heat-map", &heat_map, "file for a figure of all routes, SVG, tasks in the order of their categories")
      .as("FILE");
  set.add("clusters", &clusters, "clusters that the tasks are put into by their routes; default: as many as categories")
      .at_least(1);
  set.add("permutations", &permutations, "permutations of the tasks that a test draws").between(1, 10'000'000);
  set.add("seed", &seed, "seed of the permutations").at_least(0);
  set.add("json", &json, "print one JSON object instead of text");
  return set;
}

}  // namespace phatgoose
