#include "phatgoose/settings/predict.h"

#include "phatgoose/settings/named_directories.h"

namespace phatgoose {

OptionSet PredictSettings::declare() {
  OptionSet set("predict", "Answer lines of text or JSON rows as they arrive");
  set.begin_group("What answers");
  set.add("model", &model, "base model directory").as("DIR").must();
  set.add("expert", &expert, "expert directory: its LoRA on the base, without its gate").as("DIR");
  set.add("routed", &routed, "routed model directory, instead of --expert").as("DIR");
  set.add("modular", &modular, "directory of a modular multi-task adapter, instead of --expert or --routed").as("DIR");
  declare_unknown_task(set, unknown_task);
  set.add("task-moe", &task_moe, "directory of a task-level mixture of experts, instead of the others").as("DIR");
  declare_task_routes(set, route, task_vectors);
  declare_allow_partial(set, allow_partial);
  set.begin_group("What is asked");
  set.add("input", &input, "file to read (a .gz file too); - is stdin").as("FILE").as_positional();
  set.add("format", &format, "of the input; auto: lines that begin with { are JSON rows, all others are text")
      .one_of({"auto", "text", "jsonl"});
  set.add("max-input", &max_input, "inputs are cut to so many tokens, EOS kept")
      .at_least(2)
      .formerly({"max-input-length"});
  set.add("max-new-tokens", &max_new_tokens, "longest answer, in tokens").at_least(1);
  set.add("length-normalise", &length_normalise,
          "choices compete by the mean of their tokens' log-likelihoods; false: by the sum");
  set.add("task", &task,
          "the task that a modular adapter or a mixture answers rows as that have no \"task\" of their own")
      .as("NAME");
  set.add("task-description", &task_description,
          "description of the task, for a router that compares descriptions and rows without a \"description\"")
      .as("TEXT");
  reading.declare(set);
  set.begin_group("Output");
  set.add("json", &json, "one JSON object per answer, with all scores where a row has choices");
  set.add("explain", &explain,
          "show the weight of every expert: its mean over each answer (also the meaning of --explain alone), or for "
          "each token; needs --routed")
      .one_of({"answers", "tokens"})
      .alone_means("answers");
  set.add("explain-module", &explain_module, "explain only the linears below this module of the base").as("PATH");
  set.begin_group("Machine");
  set.add("pass-rows", &pass_rows, "most rows answered together; fewer where the next is not there yet")
      .at_least(1)
      .formerly({"batch-rows"});
  routing.declare(set, RoutingUse::predict);
  common.declare(set);
  return set;
}

}  // namespace phatgoose
