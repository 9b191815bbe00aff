#include "phatgoose/settings/build.h"

#include "phatgoose/settings/named_directories.h"

namespace phatgoose {

OptionSet BuildSettings::declare() {
  OptionSet set("build", "Make a routed model from expert directories; nothing is trained");
  set.begin_group("Parts");
  set.add("model", &model, "base model directory").as("DIR").must();
  set.add("expert", &experts, "expert directories, each with what the router needs; NAME= gives one another name")
      .as("[NAME=]DIR");
  declare_library(set, library);
  declare_allow_partial(set, allow_partial);
  set.add("out", &out, "directory of the routed model").as("DIR").must();
  set.add("pack", &pack, "copy the experts into the directory, so that it can be moved");
  routing.declare(set, RoutingUse::build);
  return set;
}

}  // namespace phatgoose
