// The keys of a T5's config.json that are not read for a value.
#pragma once

#include <string>

#include "phatgoose/base/json.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// Checks what `json` says besides the values that `config` was read from. Keys that change what `transformers`
/// computes must say the same as `config`, or nothing: bad_data otherwise. Keys that change nothing pass; any other one
/// that has a value is named in a log line, once.
void check_t5_config_keys(const Json& json, const T5Config& config, const std::string& where);

}  // namespace phatgoose
