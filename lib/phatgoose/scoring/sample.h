// One row of samples.jsonl: everything that scoring needs to know about one prediction, so that results can be computed
// again without the model.
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/data/records.h"

namespace phatgoose {

struct Sample {
  std::string task;
  std::int64_t row = 0;  ///< 0-based place in the task's data file
  std::string id;        ///< rows with the same id are one example
  std::string template_name;
  std::string target;                ///< as the data row has it; empty for rows of ids
  std::vector<std::string> targets;  ///< further right answers
  TokenIds target_ids;               ///< rows of ids only

  // Rank classification.
  std::vector<double> log_likelihoods;   ///< per choice, summed over its tokens, EOS included
  std::vector<std::int64_t> num_tokens;  ///< per choice, EOS included
  std::vector<std::int64_t> right;       ///< indices of the right choices
  std::int64_t prediction = -1;          ///< index of the predicted choice

  // Generation.
  std::string output;

  bool correct = false;  ///< generation: exact match

  bool is_choice() const { return !log_likelihoods.empty(); }
};

/// A sample with everything that comes from the data row filled in. bad_data when a row with choices has no right one.
Sample sample_of(const Record& record, const std::string& task, std::int64_t row, const std::string& where);

/// One line of samples.jsonl and back. `where` is FILE:LINE.
Json to_json(const Sample& sample);
Sample parse_sample(std::string_view line, const std::string& where);

/// Writes all samples at once, atomically.
void write_samples(const fs::path& path, const std::vector<Sample>& samples);
std::vector<Sample> read_samples(const fs::path& path);

}  // namespace phatgoose
