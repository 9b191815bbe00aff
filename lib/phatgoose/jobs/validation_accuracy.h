// The suite metric of validation rows that have choices (METHODS 3.1: the best checkpoint; METHODS 9: scoring).
#pragma once

#include "phatgoose/jobs/training_setup.h"

namespace phatgoose {

/// The share of the rows whose predicted choice is right, as the unweighted mean over the validation files (a file is a
/// data set, and this is how a suite is scored); every row has choices.
double validation_accuracy(const T5Model& model, const TrainingData& data);

}  // namespace phatgoose
