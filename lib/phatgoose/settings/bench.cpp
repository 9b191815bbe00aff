#include "phatgoose/settings/bench.h"

namespace phatgoose {

std::vector<std::string> bench_work_names() {
  return {"forward_full",   "forward_mixed",    "forward_single", "rank_base",       "rank_lora",
          "routed_8",       "routed_64",        "routed_256",     "routed_experts",  "modular_forward",
          "lora_step_full", "lora_step_mixed",  "gate_step_full", "gate_step_mixed", "modular_step",
          "modular_sizes",  "task_moe_forward", "task_moe_step",  "task_moe_sizes",  "cold_start",
          "first_forward"};
}

OptionSet BenchSettings::declare() {
  OptionSet set("bench", "Measure speed: a JSON line for each kind of work");
  set.begin_group("What to measure");
  set.add("model", &model,
          "base model directory, or a shape with random weights: t5-v1.1-small, -base, -large, -xl, -xxl")
      .as("DIR|SHAPE");
  set.add("expert", &experts, "experts of routed_experts, the first of them that of rank_lora; default: random experts")
      .as("DIR...");
  set.add(
         "work", &work,
         "measurements to make; default: all but routed_experts (without --expert) and first_forward. The modular ones "
         "tell of every method of train-multitask, on rows of one task and of eight, beside LoRA: what a step and a "
         "forward pass take, and how many numbers are trained. Those of task_moe tell what three copies of every layer "
         "take beside one, and one-hot routes beside mixed ones")
      .one_of(bench_work_names());
  set.begin_group("Shapes");
  set.add("rows", &rows, "rows of a batch").at_least(1);
  set.add("input-length", &input_length, "input tokens of a full row; mixed rows have a sixteenth of it to all of it")
      .at_least(1);
  set.add("target-length", &target_length, "target tokens of a full row").at_least(1);
  set.add("rank", &rank, "LoRA rank of random experts and of training steps; poly and mhr have 1").at_least(1);
  set.begin_group("Machine");
  set.add("repeats", &repeats, "runs of each measurement, of which the best counts").at_least(1);
  common.declare(set);
  return set;
}

}  // namespace phatgoose
