// Expert directories with random factors and gates, to measure routing among any number of experts.
#pragma once

#include <cstdint>
#include <vector>

#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// Writes `count` experts of the base `config` under `directory`, and opens them. All gates are different; only the
/// first few experts have factors of their own, the others share those files.
std::vector<ExpertDirectory> make_random_experts(const fs::path& directory, const T5Config& config, std::int64_t count,
                                                 std::int64_t rank, std::uint64_t seed);

}  // namespace phatgoose
