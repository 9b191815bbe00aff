#include "phatgoose/settings/inspect.h"

namespace phatgoose {

OptionSet InspectSettings::declare() {
  OptionSet set(
      "inspect",
      "Describe a directory (a model, an expert, a modular adapter, a mixture, a routed model, task vectors, a run, "
      "results, or a folder of these), or check a file of rows");
  set.add("directory", &directories, "one or more directories, or files of rows (JSON Lines, plain or .gz)")
      .as("DIR|FILE")
      .as_positional()
      .must();
  set.add("json", &json, "print one JSON object instead of text");
  set.add("verify", &verify, "check the files against the hashes in the manifest");
  set.add("similarity", &similarity,
          "compare the experts of a routed model, of a folder, or the given ones: mean cosines of their gates and of "
          "their LoRAs' products; reads all their data");
  set.begin_group("Files of rows");
  set.add("model", &model, "base model directory: also count tokens, with its tokenizer").as("DIR");
  reading.declare(set);
  return set;
}

}  // namespace phatgoose
