// The rows that an adapter is trained and validated on.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/data/row_notes.h"
#include "phatgoose/settings/training.h"
#include "phatgoose/store/t5_config.h"
#include "phatgoose/text/tokenizer.h"
#include "phatgoose/train/epoch_source.h"

namespace phatgoose {

/// Rows of one validation file.
struct ValidationFile {
  std::string path;
  std::vector<Record> records = {};
  std::vector<std::int64_t> tasks = {};  ///< of each row; empty where rows are not told apart by tasks
};

/// The tasks of the files, for adapters that have tasks.
struct FileTasks {
  std::vector<std::string> of_data, of_valid;  ///< of every file
  bool by_template = false;                    ///< TaskTable
};

/// What a job asks of the rows besides inputs and targets.
struct RowsAsked {
  bool choices = false;                 ///< those of rows that have some; one of which none is right is a bad row
  std::optional<FileTasks> tasks = {};  ///< none: every file to train on is a task, and nobody asks which
};

/// Bad rows that were skipped, by the file as it was named; only files that have some.
using SkippedByFile = std::map<std::string, SkippedRows>;

/// Rows as the model reads them.
struct TrainingData {
  std::vector<Example> train;  ///< one data set after the other, each a task
  std::vector<Example> valid;
  RowNotes train_notes, valid_notes;
  SkippedByFile train_skipped, valid_skipped;
  std::vector<ValidationFile> valid_files;
  std::vector<std::string> tasks;              ///< their names, by number; empty where they have none
  std::shared_ptr<const Tokenizer> tokenizer;  ///< null where the base has none
  std::int64_t max_input = 0;

  bool valid_rows_have_choices() const;
  /// How many rows there are to train and to validate on, which bad ones were skipped, and what is to be known of the
  /// others; for run.json and manifests.
  Json rows_json() const;
};

/// Reads the files of `settings`, and logs how many rows there are and what is to be known of them; the base's
/// tokenizer is needed only where rows carry text. A file to train on whose targets are all empty, or a
/// row to validate on whose task no other row has: bad_data.
TrainingData read_training_data(const DataSettings& settings, const fs::path& model, const T5Config& config,
                                const RowsAsked& asked = {});

/// Steps of `batch` rows of data.train, which must outlive the result, mixed as `settings` say.
EpochSource training_source(const TrainingData& data, const DataSettings& settings, std::int64_t batch,
                            std::uint64_t seed);

}  // namespace phatgoose
