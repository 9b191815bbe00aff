// phatgoose export: a base model with one expert, a merge of several, or what a task-level mixture is for a task,
// folded into its weights.
#pragma once

#include "phatgoose/settings/export.h"

namespace phatgoose {

/// Writes settings.out, a Hugging Face T5 directory with a manifest of kind "model": every adapted linear holds W + dW,
/// added in fp32 and then rounded to settings.dtype once (dW: METHODS 4; of a single expert c B A); everything else is
/// as in the base, the tokenizer's files included. The directory appears complete or not at all; one that holds this
/// very model already is left as it is. Experts that do not fit the base, or each other by settings.merge: bad_data.
/// Several experts without settings.merge, or a foreign `out`: usage.
///
/// Of a mixture, a mixed layer becomes the copy that the task is routed to. A route that is not one-hot has no such
/// layer: usage error, unless settings.route says what is to be taken for it, the likeliest copies or the mean of the
/// copies' weights.
void export_model(const ExportSettings& settings);

}  // namespace phatgoose
