// phatgoose import: experts out of a checkpoint of the original PHATGOOSE code (github.com/r-three/phatgoose).
#pragma once

#include "phatgoose/base/files.h"

namespace phatgoose {

struct ImportPlan {
  fs::path model;
  fs::path checkpoint;  ///< a zip file of torch.save, or safetensors with the same names
  fs::path names;       ///< line I + 1 names expert I
  fs::path out;
  bool gate = true;  ///< take the gates over, which must then be there
};

/// Writes out/NAME, a complete expert directory, for every expert of the checkpoint. Expert I is, for every linear
/// MODULE of the base,
///   MODULE._addons.expert_lora.layer1__I [in, R], transposed A,
///   MODULE._addons.expert_lora.layer2__I [R, out], transposed B,
///   MODULE._addons.router.expert_embeddings__I [in], the gate,
/// under the scale 1/R, with one R throughout. Embeddings in the checkpoint must be those of the base; its other
/// tensors are ignored. All directories appear together or not at all; where they are there already, nothing is done. A
/// checkpoint that is not complete, or not for this base, and names that do not fit it: bad_data. A foreign `out`:
/// usage.
void import_checkpoint(const ImportPlan& plan);

}  // namespace phatgoose
