#include "phatgoose/settings/export_expert.h"

#include "phatgoose/base/error.h"
#include "phatgoose/settings/common.h"
#include "phatgoose/store/named_directory.h"

namespace phatgoose {

OptionSet ExportExpertSettings::declare() {
  OptionSet set("export-expert", "Make an expert of the LoRA that a modular adapter has for a task");
  set.begin_group("Parts");
  set.add("model", &model, "base model directory that the adapter was trained on").as("DIR").must();
  set.add("from", &from, "the adapter: TLoRA, Poly, MHR or TensorPoly, PEFT's Poly among them").as("DIR").must();
  set.add("task", &task, "the task; not needed where there is only one, of no use to tlora").as("NAME");
  set.add("unknown-task", &unknown_task,
          "in place of --task, for a task that the adapter was not trained on: mean takes the mean of all tasks' "
          "routing logits, uniform weighs all skills the same")
      .one_of({"mean", "uniform"});
  set.begin_group("Expert");
  set.add("name", &name, "name of the expert; default: that of the task, or else of the adapter").as("NAME");
  set.add("save-dtype", &save_dtype, "type of the stored factors").one_of({"fp32", "bf16"});
  set.add("out", &out, "directory of the expert").as("DIR").must();
  set.begin_group("Machine");
  set.add("threads", &threads, kThreadsHelp).at_least(0);
  return set;
}

void ExportExpertSettings::check() const {
  if (task && unknown_task) refuse_usage("--unknown-task", "given together with --task", "one of them");
  if (!name.empty() && !is_expert_name(name)) refuse_usage("--name", "\"" + name + "\"", kExpertNameRule);
}

}  // namespace phatgoose
