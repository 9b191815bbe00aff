#include "phatgoose/settings/eval.h"

#include "phatgoose/settings/named_directories.h"

namespace phatgoose {

OptionSet EvalSettings::declare() {
  OptionSet set("eval",
                "Evaluate a base model, experts, routed models, modular adapters and mixtures on a suite of tasks");
  set.begin_group("What to evaluate");
  set.add("model", &model, "base model directory").as("DIR").must();
  set.add("base", &base, "include the base alone");
  set.add("expert", &experts,
          "expert directories: each one's LoRA on the base, without its gate; NAME= gives one another name")
      .as("[NAME=]DIR");
  declare_library(set, library);
  set.add("routed", &routed, "routed model directories; NAME= gives one another name").as("[NAME=]DIR");
  set.add(
         "modular", &modular,
         "directories of modular multi-task adapters: a row is answered as its task, which its \"task\" names, or else "
         "the suite; NAME= gives one another name")
      .as("[NAME=]DIR");
  declare_unknown_task(set, unknown_task);
  set.add("task-moe", &task_moe,
          "directories of task-level mixtures of experts, whose rows say their task likewise; NAME= gives one another "
          "name")
      .as("[NAME=]DIR");
  declare_task_routes(set, route, task_vectors);
  declare_allow_partial(set, allow_partial);
  set.add("methods", &methods, "YAML list of further methods, each with its own name and settings").as("FILE");
  set.add("compare-to", &compare_to, "the method that all others are compared with; default: the first").as("NAME");
  set.add("exclude-own", &exclude_own, "leave the task's own expert out of every routed model");
  set.begin_group("On what");
  set.add("suite", &suite,
          "suite of tasks: a YAML file, or the name of one that comes with the program, such as held-in")
      .as("FILE|NAME")
      .must();
  set.add("data-dir", &data_dir, "directory that the suite's data is relative to; default: that of the suite's file")
      .as("DIR")
      .may_change();
  set.add("allow-missing", &allow_missing,
          "evaluate without the tasks whose data is not there, where the suite says that they may be missing")
      .may_change();
  set.add("tasks", &tasks, "only these tasks of the suite, separated by commas").as("A,B");
  set.add("limit", &limit, "only the first N rows of each task").as("N").at_least(1);
  set.add("limit-seed", &limit_seed, "draw the N rows of --limit at random, with this seed").at_least(0);
  set.add("shard", &shard,
          "answer only part I of N of every task's rows, to share the work among N jobs; phatgoose score --join puts "
          "their directories together")
      .as("I/N");
  reading.declare(set);
  set.begin_group("Output");
  set.add("out", &out,
          "output directory (results.json, samples.jsonl, routing statistics); with several methods, one subdirectory "
          "for each")
      .as("DIR")
      .must()
      .may_change();
  set.add("json", &json, "print JSON instead of a table: comparison.json, or results.json of a single method");
  set.begin_group("Machine");
  set.add("pass-tokens", &pass_tokens, "most tokens in one pass; changes speed and memory, not results")
      .at_least(1)
      .formerly({"batch-tokens"})
      .may_change();
  set.add("encoder-cache", &encoder_cache,
          "MiB of encoder states cached for methods that share the base's encoder, 0 for none; changes speed and "
          "memory, not results")
      .between(0, 1 << 30)
      .may_change();
  routing.declare(set, RoutingUse::evaluate);
  common.declare(set);
  return set;
}

}  // namespace phatgoose
