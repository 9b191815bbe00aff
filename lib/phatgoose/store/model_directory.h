// What is given as a base model, but is none.
#pragma once

#include "phatgoose/base/files.h"

namespace phatgoose {

/// bad_data where `directory` holds an adapter in place of a model.
void check_no_adapter(const fs::path& directory);

}  // namespace phatgoose
