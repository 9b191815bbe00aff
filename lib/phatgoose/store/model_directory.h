// What is given as a base model, but is none.
#pragma once

#include "phatgoose/base/files.h"

namespace phatgoose {

/// bad_data where `directory` is not there, with the command that downloads such a model from the Hugging Face hub, and
/// where there is an adapter in place of a model.
void check_base_directory(const fs::path& directory);

}  // namespace phatgoose
