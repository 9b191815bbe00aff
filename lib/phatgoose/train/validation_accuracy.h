// The suite metric of validation rows that have choices (METHODS 3.1: the best checkpoint; METHODS 9: scoring).
#pragma once

#include "phatgoose/train/training_setup.h"

namespace phatgoose {

/// The share of all validation rows whose predicted choice is right; every row has choices.
double validation_accuracy(const T5Model& model, const TrainingData& data);

}  // namespace phatgoose
