#include "phatgoose/settings/adapt.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "phatgoose/base/error.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/settings/named_directories.h"

namespace phatgoose {
namespace {

/// Numbers from `least` on, separated by commas or given one by one.
template <typename Number>
std::vector<Number> numbers_of(const std::vector<std::string>& texts, const char* option, Number least) {
  std::vector<Number> numbers;
  for (const std::string& text : split_at_commas(texts)) {
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || !(number >= least)) {
      refuse_usage(option, "\"" + text + "\"", fmt::format("numbers from {} on", least));
    }
    if (std::ranges::find(numbers, number) == numbers.end()) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

AdaptSettings::AdaptSettings() {
  training.steps = 1000;
  training.batch = 8;
  training.lr = std::nullopt;
  training.optimizer = "adafactor";
  training.scale_parameter = true;
  training.schedule = "linear";
  training.save_every = 500;
  data.max_input = 256;
  data.required = data.mixes = false;
  loss = "t-few";
}

OptionSet AdaptSettings::declare() {
  OptionSet set("adapt", "Adapt a model to new tasks from a few examples of each, and score what became of it");
  set.begin_group("Adapter");
  declare_model(set);
  set.add("from", &from,
          "what training begins with: a modular adapter, an expert, a routed model, whose experts' factors are "
          "averaged, or a task-level mixture, of which each task has its own model; default: the base")
      .as("DIR");
  set.add("train", &train,
          "what is trained: both (routing and adapters; default with routing), adapters (default without), routing, or "
          "model: all weights of the base, or of a mixture's model (default there)")
      .one_of({"both", "adapters", "routing", "model"});
  set.add("unknown-task", &unknown_task,
          "routing logits of the new task at first: uniform (default), or the mean of all tasks'")
      .one_of({"uniform", "mean"});
  declare_task_routes(set, route, task_vectors);
  set.add("rank", &rank, "LoRA rank of a new adapter on the base; default 16").at_least(1);
  set.add("routing-lr", &routing_lr, "learning rate of the routing logits; default 0.1").at_least(0);
  declare_loss(set);
  set.add("out", &out, "directory of all that is adapted, and of its scores").as("DIR").must().may_change();
  set.add("keep", &keep, "keep what was adapted; false: once it is scored, its scores only").may_change();
  set.begin_group("Shots");
  set.add("shots", &shots, "examples of a task to adapt to; several numbers are tried one after the other; or all")
      .as("N...|all")
      .may_change();
  set.add("valid-shots", &valid_shots,
          "further examples of each sample to validate on, where there is no --valid; the best validated state is the "
          "result")
      .at_least(0);
  set.add("samples", &samples, "how often the examples are drawn; a smaller number of shots is part of a larger one")
      .at_least(1)
      .may_change();
  set.add("seeds", &seeds, "how often each sample is trained on, with the seeds from --seed on")
      .at_least(1)
      .may_change();
  set.add("suite", &suite,
          "tasks that score what was adapted: a YAML file, or the name of one that comes with the program; without "
          "--data the examples are drawn from these rows, and left out of the scores")
      .as("FILE|NAME")
      .may_change();
  set.add("data-dir", &data_dir, "directory that the suite's data is relative to; default: that of the suite's file")
      .as("DIR")
      .may_change();
  set.add("tasks", &tasks, "only these tasks, separated by commas").as("A,B").may_change();
  set.add("try-lr", &try_lr, "learning rates in place of --lr: all are tried, and validation chooses").as("LR...");
  set.add("try-batch", &try_batch, "the same for --batch, with each of the learning rates").as("N...");
  set.add("reference", &reference,
          "output of another adapt with the same tasks, shots, samples and seeds: the average relative gain over it is "
          "told, too")
      .as("DIR")
      .may_change();
  set.add("json", &json, "print summary.json instead of a table").may_change();
  declare_training(set);
  return set;
}

void AdaptSettings::check() const {
  if (data.data.empty() && !suite) {
    refuse_usage("--data", "missing", "rows to adapt to: --data TASK=FILE, or the tasks of --suite");
  }
  if (!suite && json) refuse_usage("--json", "no --suite", "a suite that scores what was adapted");
  if (!suite && !keep) refuse_usage("--keep", "false without --suite", "a suite that scores what was adapted");
  if (!suite && reference) refuse_usage("--reference", "no --suite", "a suite that scores what was adapted");
  if (!suite && data_dir) refuse_usage("--data-dir", "no --suite", "a suite whose data it is for");
  if (train == "model" && rank) refuse_usage("--rank", "given with --train model", "--train adapters");
  if (from && rank) refuse_usage("--rank", "given with --from", "a new adapter: ranks come from --from, leave it out");
  if (valid_shots > 0 && !data.valid.empty()) refuse_usage("--valid-shots", "given with --valid", "one of them");
  const bool tries = !try_lr.empty() || !try_batch.empty();
  if (tries && valid_shots == 0 && data.valid.empty()) {
    refuse_usage(try_lr.empty() ? "--try-batch" : "--try-lr", "nothing to validate on", "--valid or --valid-shots");
  }
  shot_counts();
  numbers_of<double>(try_lr, "--try-lr", 0);
  numbers_of<std::int64_t>(try_batch, "--try-batch", 1);
  data.check();
  training.check();
}

std::vector<std::optional<std::int64_t>> AdaptSettings::shot_counts() const {
  std::vector<std::int64_t> numbers;
  bool all = false;
  for (const std::string& text : split_at_commas(shots)) {
    if (text == "all") {
      all = true;
      continue;
    }
    numbers.push_back(numbers_of<std::int64_t>({text}, "--shots", 0).front());
  }
  std::ranges::sort(numbers);
  const auto repeated = std::ranges::unique(numbers);
  numbers.erase(repeated.begin(), repeated.end());
  std::vector<std::optional<std::int64_t>> counts(numbers.begin(), numbers.end());
  if (all) counts.emplace_back();
  return counts;
}

std::vector<AdaptTrial> AdaptSettings::trials() const {
  std::vector<double> rates = numbers_of<double>(try_lr, "--try-lr", 0);
  std::vector<std::int64_t> batches = numbers_of<std::int64_t>(try_batch, "--try-batch", 1);
  if (rates.empty()) rates.push_back(*training.lr);
  if (batches.empty()) batches.push_back(training.batch);
  std::vector<AdaptTrial> trials;
  for (const double rate : rates) {
    for (const std::int64_t size : batches) trials.push_back({rate, size});
  }
  return trials;
}

std::string AdaptTrial::name() const { return fmt::format("lr-{}-batch-{}", lr, batch); }

}  // namespace phatgoose
