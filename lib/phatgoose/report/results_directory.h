// A directory of results: of a whole evaluation of one method, or of a shard of it.
#pragma once

#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/scoring/sample.h"

namespace phatgoose {

constexpr const char* kResultsFile = "results.json";
constexpr const char* kSamplesFile = "samples.jsonl";
constexpr const char* kRoutingFile = "routing.safetensors";
constexpr const char* kShardFile = "shard.json";  ///< results.json of a shard: its scores are null

/// What one method answered to a suite.
struct MethodAnswers {
  Json frame;                     ///< results_frame() with its timing
  std::vector<Sample> samples;    ///< task by task, by row
  std::vector<fs::path> routing;  ///< statistics to add up; empty: there are none
};

/// Scores the samples and writes results.json, samples.jsonl, routing.safetensors where there are statistics, and the
/// manifest last. run.json must be in `out`.
void write_results(const fs::path& out, MethodAnswers answers);

/// The same for the rows of a shard, which are not scored: shard.json in place of results.json, and a manifest of kind
/// results-shard.
void write_shard(const fs::path& out, const MethodAnswers& answers);

}  // namespace phatgoose
