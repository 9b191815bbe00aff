#include "phatgoose/settings/train_expert.h"

#include "phatgoose/base/error.h"
#include "phatgoose/settings/named_directories.h"
#include "phatgoose/store/named_directory.h"

namespace phatgoose {

OptionSet TrainExpertSettings::declare() {
  OptionSet set("train-expert", "Train an expert: LoRA on every linear of a frozen base");
  set.begin_group("Expert");
  declare_model(set);
  set.add("name", &name, "name of the expert").as("NAME").must();
  set.add("out", &out, "directory of the expert and of its run").as("DIR").must().may_change();
  set.add("init", &init, "adapter directory to continue from; it sets rank and scale").as("DIR");
  declare_allow_partial(set, allow_partial);
  set.add("rank", &rank, "LoRA rank R").at_least(1);
  set.add("alpha", &alpha, "LoRA scale times R");
  set.add("joint-gate", &joint_gate, "train the gate together with the LoRA from the start, not afterwards");
  set.add("save-dtype", &save_dtype, "type of the stored factors; training itself is in fp32").one_of({"fp32", "bf16"});
  declare_loss(set);
  declare_training(set);
  return set;
}

void TrainExpertSettings::check() const {
  if (!is_expert_name(name)) refuse_usage("--name", "\"" + name + "\"", kExpertNameRule);
  data.check();
  training.check();
}

}  // namespace phatgoose
