#include "phatgoose/settings/inspect.h"

namespace phatgoose {

OptionSet InspectSettings::declare() {
  OptionSet set("inspect", "Say what is in a directory: a model, an expert, a routed model, a run, results");
  set.add("directory", &directory, "the directory").as("DIR").as_positional().must();
  set.add("json", &json, "write one JSON object instead of lines for people");
  set.add("verify", &verify, "compare the files with the hashes in the manifest");
  return set;
}

}  // namespace phatgoose
