#include "phatgoose/settings/eval.h"

namespace phatgoose {

OptionSet EvalSettings::declare() {
  OptionSet set("eval", "Evaluate a base model, experts and routed models on a suite of tasks");
  const char* what = "What to evaluate";
  set.add("model", &model, "base model directory").as("DIR").must().in(what);
  set.add("base", &base, "the base alone, beside experts and routed models").in(what);
  set.add("expert", &experts, "expert directories: each one's LoRA on the base, without its gate").as("DIR").in(what);
  set.add("library", &library, "a directory of expert directories: all of them, by name, after those of --expert")
      .as("DIR")
      .in(what);
  set.add("routed", &routed, "routed model directories").as("DIR").in(what);
  expert_options.declare(set, what);
  set.add("methods", &methods,
          "list of methods (YAML), each with a name and with settings of its own; after all others")
      .as("FILE")
      .in(what);
  set.add("compare-to", &compare_to,
          "of several methods: the one that the others' differences refer to; default: the first")
      .as("NAME")
      .in(what);
  set.add("exclude-own", &exclude_own, "leave out of a routed model the expert that is called like the task").in(what);
  const char* on_what = "On what";
  set.add("suite", &suite,
          "suite of tasks: a YAML file, or the name of one that comes with the program (held-in, held-out)")
      .as("FILE|NAME")
      .must()
      .in(on_what);
  set.add("tasks", &tasks, "only these tasks of the suite, separated by commas").as("A,B").in(on_what);
  set.add("limit", &limit, "only the first N rows of each task").as("N").at_least(1).in(on_what);
  reading.declare(set, on_what);
  set.add("out", &out,
          "directory for results.json, samples.jsonl and routing statistics; of several methods, each has a "
          "directory in it")
      .as("DIR")
      .must()
      .in("Output");
  set.add("pass-tokens", &pass_tokens, "most tokens in one pass; changes speed and memory, not results")
      .at_least(1)
      .formerly({"batch-tokens"})
      .in("Machine");
  set.add("encoder-cache", &encoder_cache,
          "MiB of encoder states kept for methods that share the base's encoder, 0 for none; changes speed and memory, "
          "not results")
      .between(0, 1 << 30)
      .in("Machine");
  routing.declare(set);
  common.declare(set);
  return set;
}

}  // namespace phatgoose
