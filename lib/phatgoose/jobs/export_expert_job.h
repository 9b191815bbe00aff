// phatgoose export-expert: the LoRA that a modular adapter amounts to for one task, as an expert like any other.
#pragma once

#include "phatgoose/settings/export_expert.h"

namespace phatgoose {

/// Writes settings.out, an expert directory without a gate: PEFT's two files, and a manifest that says under
/// "exported_from" where the factors come from. The directory appears complete or not at all; one that holds this very
/// expert already is left as it is, whether or not it has got a gate since. An adapter that does not fit the base:
/// bad_data. A task that it does not have, none where it has several, any where its method has none, or a foreign
/// `out`: usage.
void export_expert(const ExportExpertSettings& settings);

}  // namespace phatgoose
