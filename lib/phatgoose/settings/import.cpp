#include "phatgoose/settings/import.h"

namespace phatgoose {

OptionSet ImportSettings::declare() {
  OptionSet set("import", "Make expert directories of a checkpoint of the original PHATGOOSE code");
  set.add("model", &model, "base model directory that the experts were trained on").as("DIR").must();
  set.add("checkpoint", &checkpoint, "the checkpoint, as torch.save writes it; it may hold any number of experts")
      .as("FILE")
      .must();
  set.add("names", &names, "text file with one name a line: that of expert 0 first").as("FILE").must();
  set.add("out", &out, "directory in which every expert gets one, called like it").as("DIR").must();
  set.add("gate", &gate, "take the gates over too");
  return set;
}

}  // namespace phatgoose
