#include "phatgoose/settings/build.h"

#include "phatgoose/settings/named_directories.h"

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
  routing.declare(set, RoutingUse::build);
  return set;
}

}  // namespace phatgoose
