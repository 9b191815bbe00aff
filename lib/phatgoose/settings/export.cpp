#include "phatgoose/settings/export.h"

#include "phatgoose/settings/common.h"
#include "phatgoose/settings/named_directories.h"

namespace phatgoose {

OptionSet ExportSettings::declare() {
  OptionSet set("export",
                "Fold an expert, a merge of several, or a task's part of a mixture into the weights of a base model");
  set.begin_group("Parts");
  set.add("model", &model, "base model directory").as("DIR").must();
  set.add("expert", &experts,
          "expert directories: their LoRAs, without their gates; NAME= gives one another name in the manifest")
      .as("[NAME=]DIR");
  declare_library(set, library);
  declare_allow_partial(set, allow_partial);
  set.add("merge", &merge,
          "how several experts become one: product is the mean of their updates B A, factors the product of the mean B "
          "and the mean A")
      .one_of({"factors", "product"});
  set.add("task-moe", &task_moe,
          "directory of a task-level mixture of experts, instead of experts: the layers that a task is computed by")
      .as("DIR");
  set.add("task", &task, "the task of the mixture").as("NAME");
  declare_task_routes(set, route, task_vectors);
  set.add("out", &out, "directory of the resulting model, in the format of Hugging Face").as("DIR").must();
  set.add("save-dtype", &save_dtype, "type of the stored weights; default: that of the base")
      .one_of({"fp32", "bf16"})
      .formerly({"dtype"});
  set.begin_group("Machine");
  set.add("threads", &threads, kThreadsHelp).at_least(0);
  return set;
}

}  // namespace phatgoose
