// phatgoose describe --expert: the texts, without what is computed from them (METHODS 5).
#pragma once

#include <string>
#include <vector>

#include "phatgoose/settings/describe.h"
#include "phatgoose/store/expert_directory.h"

namespace phatgoose {

/// Writes description.json (store/expert_description.h) into every expert's directory, as its text comes; one that was
/// made from the same stays as it is. Errors as of describe_targets().
void write_expert_texts(const DescribeSettings& settings, const std::vector<ExpertDirectory>& experts);

}  // namespace phatgoose
