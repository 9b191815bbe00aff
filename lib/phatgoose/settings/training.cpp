#include "phatgoose/settings/training.h"

#include <fmt/format.h>

#include "phatgoose/base/error.h"

namespace phatgoose {

namespace {

constexpr double kDefaultBeta1 = 0.9;

}  // namespace

void TrainingSettings::declare(OptionSet& set) {
  set.begin_group("Training");
  set.add("steps", &steps, "updates of the parameters").at_least(1);
  set.add("batch", &batch, "rows of each step; computed in passes of --pass-tokens").at_least(1);
  set.add("lr", &lr, "learning rate after the warm-up").at_least(0);
  set.add("warmup-ratio", &warmup_ratio, "share of the steps over which the learning rate rises from 0").between(0, 1);
  set.add("clip", &clip, "largest norm of the gradient over all parameters; 0 means no limit").at_least(0);
  set.add("optimizer", &optimizer, "how gradients become updates").one_of({"adamw", "adafactor"});
  set.add("beta1", &beta1, fmt::format("AdamW: decay of the first moment; default {}", kDefaultBeta1)).between(0, 1);
  set.add("beta2", &beta2, fmt::format("AdamW: decay of the second moment; default {}", default_beta2)).between(0, 1);
  set.add("weight-decay", &weight_decay, "decoupled weight decay").at_least(0);
  set.add("scale-parameter", &scale_parameter,
          "Adafactor: the learning rate is multiplied by the root mean square of the parameter, 0.001 at least");
  set.add("save-every", &save_every, "steps from one checkpoint to the next").at_least(1).may_change();
  set.add("keep-checkpoints", &keep_checkpoints, "checkpoints that stay when the run is finished")
      .at_least(0)
      .may_change();
  set.add("pass-tokens", &pass_tokens,
          "most tokens in one forward and backward pass; changes speed and memory, results only by rounding")
      .at_least(1)
      .formerly({"micro-tokens"});
  set.add("schedule", &schedule, "learning rate after the warm-up; linear: it falls to 0 over all the other steps")
      .one_of(schedules);
}

void TrainingSettings::check() const {
  if (optimizer == "adafactor") {
    const char* const hint = "Adafactor averages squares with weights of its own, and has no first moment";
    if (beta1) refuse_usage("--beta1", "given with --optimizer adafactor", "--optimizer adamw", hint);
    if (beta2) refuse_usage("--beta2", "given with --optimizer adafactor", "--optimizer adamw", hint);
  } else if (scale_parameter) {
    refuse_usage("--scale-parameter", "true with --optimizer " + optimizer, "false, or --optimizer adafactor",
                 "AdamW's updates do not depend on the size of the parameters");
  }
}

void TrainingSettings::resolve() {
  if (optimizer != "adamw") return;
  if (!beta1) beta1 = kDefaultBeta1;
  if (!beta2) beta2 = default_beta2;
}

void DataSettings::declare_mix(OptionSet& set) {
  set.add("data-mix", &mix, "several data sets: size makes every row as likely as any other, equal every data set")
      .one_of({"size", "equal"});
  set.add("data-mix-cap", &mix_cap,
          "with --data-mix size: data sets of more rows than N come as often as if they had N")
      .as("N")
      .at_least(1);
}

void DataSettings::declare(OptionSet& set) {
  set.begin_group("Data");
  set.add("data", &data, "training rows (JSON Lines, plain or .gz); every file is a data set").as("FILE...").required =
      required;
  set.add("valid", &valid, "validation rows; the best validated state is the result").as("FILE...");
  set.add("eval-every", &eval_every, "steps from one validation to the next").at_least(1);
  set.add("shuffle", &shuffle, "new order of the rows in every epoch; false keeps the order of the files");
  if (mixes) declare_mix(set);
  set.add("max-input", &max_input, "inputs are cut to so many tokens, EOS kept").at_least(2);
  set.add("max-target", &max_target, "targets are cut to so many tokens, EOS kept").at_least(2);
  reading.declare(set);
}

void DataSettings::check() const {
  check_distinct_files("--data", data, "the shares of data sets are set with --data-mix");
  check_distinct_files("--valid", valid, "");
  if (mix == "equal" && mix_cap) {
    refuse_usage("--data-mix-cap", "given with --data-mix equal", "--data-mix size",
                 "equal shares do not depend on the sizes");
  }
  if (!shuffle && (mix == "equal" || mix_cap)) {
    refuse_usage("--shuffle", "false", "true with --data-mix equal or --data-mix-cap",
                 "the order of the files gives every data set its size");
  }
}

void AdapterTrainingSettings::declare_model(OptionSet& set) {
  set.add("model", &model, "base model directory").as("DIR").must();
}

void AdapterTrainingSettings::declare_loss(OptionSet& set) {
  set.add("loss", &loss,
          "plain: cross-entropy of the targets; t-few: besides, of the choices, and the wrong ones made unlikely")
      .one_of({"plain", "t-few"});
}

void AdapterTrainingSettings::declare_training(OptionSet& set) {
  set.add("dropout", &dropout, "dropout of the base while training; default: what its configuration says")
      .between(0, 0.999);
  data.declare(set);
  training.declare(set);
  common.declare(set);
}

}  // namespace phatgoose
