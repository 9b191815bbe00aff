// phatgoose describe --expert: descriptions of experts and their embeddings (METHODS 5).
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/settings/describe.h"

namespace phatgoose {

/// Writes description.json and description.safetensors into the directory of each expert. What was made from the same
/// is left as it is. bad_data for experts, rows, texts or encoders that do not fit; further errors as of
/// describe_targets().
void describe_experts(const DescribeSettings& settings, at::Device device, at::ScalarType dtype);

}  // namespace phatgoose
