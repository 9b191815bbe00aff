// What a run remembers of the base that it was made with.
#pragma once

#include <string>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"

namespace phatgoose {

/// `fingerprint`, that of the base's weights, followed by that of its tokenizer where it has one.
Json base_hashes(const fs::path& base, const std::string& fingerprint);

}  // namespace phatgoose
