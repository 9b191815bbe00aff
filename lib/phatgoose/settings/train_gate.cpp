#include "phatgoose/settings/train_gate.h"

#include "phatgoose/base/error.h"
#include "phatgoose/settings/named_directories.h"

namespace phatgoose {

OptionSet TrainGateSettings::declare() {
  OptionSet set("train-gate", "Train the gate of a finished expert; base and LoRA stay as they are");
  set.begin_group("Gate");
  declare_model(set);
  set.add("expert", &expert, "expert directory, ours or any PEFT LoRA").as("DIR").must();
  declare_allow_partial(set, allow_partial);
  set.add("out", &out, "write a copy of the expert with its gate; default: add the gate to the expert")
      .as("DIR")
      .may_change();
  set.add("retrain", &retrain, "train a new gate where there is one; it replaces the old one once it is finished")
      .may_change();
  declare_training(set);
  return set;
}

void TrainGateSettings::check() const {
  if (retrain && out) {
    refuse_usage("--retrain", "--out as well", "one of them", "--expert DIR --retrain replaces the gate of any copy");
  }
  data.check();
  training.check();
}

}  // namespace phatgoose
