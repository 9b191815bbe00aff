#include "phatgoose/settings/training.h"

namespace phatgoose {

void TrainingSettings::declare(OptionSet& set) {
  const char* group = "Training";
  set.add("steps", &steps, "updates of the parameters").at_least(1).in(group);
  set.add("batch", &batch, "rows of each step").at_least(1).in(group);
  set.add("lr", &lr, "learning rate after the warm-up").at_least(0).in(group);
  set.add("warmup-ratio", &warmup_ratio, "share of the steps over which the learning rate rises from 0")
      .between(0, 1)
      .in(group);
  set.add("clip", &clip, "largest norm of the gradient over all parameters; 0 means no limit").at_least(0).in(group);
  set.add("beta1", &beta1, "AdamW: decay of the first moment").between(0, 1).in(group);
  set.add("beta2", &beta2, "AdamW: decay of the second moment").between(0, 1).in(group);
  set.add("weight-decay", &weight_decay, "AdamW: decoupled weight decay").at_least(0).in(group);
  set.add("save-every", &save_every, "steps from one checkpoint to the next").at_least(1).in(group);
  set.add("keep-checkpoints", &keep_checkpoints, "checkpoints that stay when the run is finished")
      .at_least(0)
      .in(group);
  set.add("micro-tokens", &micro_tokens,
          "most tokens in one forward and backward pass; changes speed and memory, results only by rounding")
      .at_least(1)
      .in(group);
}

void DataSettings::declare(OptionSet& set) {
  const char* group = "Data";
  set.add("data", &data, "training rows (JSON Lines, plain or .gz)").as("FILE...").must().in(group);
  set.add("valid", &valid, "validation rows; the best validated state is the result").as("FILE...").in(group);
  set.add("eval-every", &eval_every, "steps from one validation to the next").at_least(1).in(group);
  set.add("shuffle", &shuffle, "new order of the rows in every epoch; false keeps the order of the files").in(group);
  set.add("max-input", &max_input, "inputs are cut to this many tokens").at_least(1).in(group);
  set.add("max-target", &max_target, "targets are cut to this many tokens").at_least(1).in(group);
}

}  // namespace phatgoose
