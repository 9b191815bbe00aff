#include "phatgoose/settings/eval.h"

namespace phatgoose {

OptionSet EvalSettings::declare() {
  OptionSet set("eval", "Evaluate a base model, an expert or a routed model on a suite of tasks");
  const char* what = "What to evaluate";
  set.add("model", &model, "base model directory").as("DIR").must().in(what);
  set.add("expert", &expert, "expert directory: its LoRA on the base, without its gate").as("DIR").in(what);
  set.add("routed", &routed, "routed model directory, instead of --expert").as("DIR").in(what);
  const char* on_what = "On what";
  set.add("suite", &suite, "suite of tasks (YAML)").as("FILE").must().in(on_what);
  set.add("tasks", &tasks, "only these tasks of the suite, separated by commas").as("A,B").in(on_what);
  set.add("limit", &limit, "only the first N rows of each task").as("N").at_least(1).in(on_what);
  set.add("out", &out, "directory for results.json, samples.jsonl and routing statistics")
      .as("DIR")
      .must()
      .in("Output");
  set.add("batch-tokens", &batch_tokens, "most tokens in one pass; changes speed and memory, not results")
      .at_least(1)
      .in("Machine");
  common.declare(set);
  return set;
}

}  // namespace phatgoose
