// pretrain: a T5 base from plain text (arXiv 1910.10683: span corruption; LM adaptation as in arXiv 2104.08691).
#pragma once

#include "phatgoose/settings/pretrain.h"
#include "phatgoose/train/trainer.h"

namespace phatgoose {

/// Trains on `device`, and writes settings.out as a complete Hugging Face T5 directory with its vocabulary, the
/// manifest last. Continues a run that was stopped; does nothing when the model is finished. With other settings than
/// the run was begun with: usage error.
TrainingOutcome pretrain(PretrainSettings settings, at::Device device);

}  // namespace phatgoose
