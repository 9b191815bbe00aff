#include "phatgoose/train/best_checkpoint.h"

namespace phatgoose {

namespace {

bool at_least_as_good(const Validation& candidate, const Validation& best) {
  if (candidate.accuracy && best.accuracy) return *candidate.accuracy >= *best.accuracy;
  return candidate.loss <= best.loss;
}

}  // namespace

bool BestCheckpoint::offer(std::int64_t step, const Validation& validation) {
  if (step_ && !at_least_as_good(validation, validation_)) return false;
  step_ = step;
  validation_ = validation;
  return true;
}

Json BestCheckpoint::to_json() const {
  if (!step_) return nullptr;
  Json json = {{"step", *step_}, {"validation_loss", validation_.loss}};
  if (validation_.accuracy) json["validation_accuracy"] = *validation_.accuracy;
  return json;
}

BestCheckpoint BestCheckpoint::from_json(const Json& json) {
  BestCheckpoint best;
  if (json.is_null()) return best;
  best.step_ = json_get<std::int64_t>(json, "step");
  best.validation_.loss = json_get<double>(json, "validation_loss");
  if (json.contains("validation_accuracy")) {
    best.validation_.accuracy = json_get<double>(json, "validation_accuracy");
  }
  return best;
}

}  // namespace phatgoose
