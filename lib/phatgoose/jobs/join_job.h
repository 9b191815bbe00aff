// phatgoose score --join: the shards of one evaluation become the directory that a single run would have written.
#pragma once

#include <vector>

#include "phatgoose/report/evaluation.h"
#include "phatgoose/settings/score.h"

namespace phatgoose {

/// `shards`: what phatgoose eval --shard I/N wrote to its --out, for each I, in any order. `out` then holds what the
/// same command without --shard writes there; only "timing" tells them apart (it has that of every shard), and
/// "processor" where shards ran on several kinds. What is joined already is only read. Shards that are unfinished,
/// damaged, missing, given twice, or of different evaluations: bad_data; another product in `out`: usage error.
Evaluation join_shards(const std::vector<fs::path>& shards, const fs::path& out);

/// The same as the command has it. Usage error for options that only scoring has.
Evaluation join_shards(const ScoreSettings& settings);

}  // namespace phatgoose
