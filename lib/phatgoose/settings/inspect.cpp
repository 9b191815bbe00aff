#include "phatgoose/settings/inspect.h"

namespace phatgoose {

OptionSet InspectSettings::declare() {
  OptionSet set("inspect", "Say what is in a directory: a model, an expert, a routed model, a run, results");
  set.add("directory", &directories, "the directory, or several").as("DIR").as_positional().must();
  set.add("json", &json, "write one JSON object instead of lines for people");
  set.add("verify", &verify, "compare the files with the hashes in the manifest");
  set.add("similarity", &similarity,
          "compare the experts of a routed model, or the given ones, with each other: mean cosine of their gates and of "
          "their LoRAs' products; reads all their data");
  return set;
}

}  // namespace phatgoose
