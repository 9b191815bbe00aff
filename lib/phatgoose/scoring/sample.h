// One row of samples.jsonl: everything that scoring needs to know about one prediction, so that results can be computed
// again without the model.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/json.h"
#include "phatgoose/data/records.h"
#include "phatgoose/data/suite.h"

namespace phatgoose {

struct Sample {
  std::string task;
  std::int64_t row = 0;  ///< 0-based place in the task's data file
  std::string id;        ///< rows with the same id are one example
  std::string template_name;
  std::string target;                ///< as the data row has it
  std::vector<std::string> targets;  ///< further right answers
  TokenIds target_ids;               ///< rows of ids only, instead of text

  // Rank classification.
  std::vector<double> log_likelihoods;   ///< per choice, summed over its tokens, EOS included
  std::vector<std::int64_t> num_tokens;  ///< per choice, EOS included
  std::vector<std::int64_t> right;       ///< indices of the right choices
  std::int64_t prediction = -1;          ///< index of the predicted choice

  // Generation.
  std::string output;
  TokenIds output_ids;  ///< rows of ids only, instead of text

  bool correct = false;  ///< rank classification: the prediction is right; generation: exact match

  bool has_choices() const { return !right.empty(); }
  bool has_ids() const { return !target_ids.empty(); }
  /// For messages: "task rte, row 3".
  std::string place() const { return "task " + task + ", row " + std::to_string(row); }
  /// Every right answer in text, `target` first, each once.
  std::vector<std::string> answers() const;
};

/// A sample with everything that comes from the data row filled in; `where` is the data file. Rank classification: a
/// row without choices or without a right one is bad_data.
Sample sample_of(const Record& record, const Task& task, std::int64_t row);

/// One line of samples.jsonl. Rows of ids have lists of ids under "target" and "output".
Json to_json(const Sample& sample);

/// One line a sample, atomically.
void write_samples(const fs::path& path, const std::vector<Sample>& samples);
/// Calls `take` for one sample after the other. Missing fields, wrong types, lists that do not belong together:
/// bad_data with file and line, as is what `take` refuses.
void read_samples(const fs::path& path, const std::function<void(Sample)>& take);
/// All of them.
std::vector<Sample> read_samples(const fs::path& path);

}  // namespace phatgoose
