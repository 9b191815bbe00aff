// What a training run is validated by (METHODS 3.1: the best checkpoint; METHODS 9: scoring).
#pragma once

#include "phatgoose/jobs/training_data.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/train/trainer.h"

namespace phatgoose {

/// The share of the rows whose predicted choice is right, as the unweighted mean over the validation files (a file is a
/// data set, and this is how a suite is scored); every row has choices.
double validation_accuracy(const T5Model& model, const TrainingData& data);

/// Validation of `model` on data.valid: the mean of `objective`, and the accuracy where every row has choices. Empty
/// without validation rows. All three must outlive the result.
Validator make_validator(const T5Model& model, const Objective& objective, const TrainingData& data,
                         std::int64_t pass_tokens);

}  // namespace phatgoose
