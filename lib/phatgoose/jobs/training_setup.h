// What the jobs that adapt a frozen base have in common: the base, the rows, the validation, the trainer's settings.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/data/records.h"
#include "phatgoose/data/row_notes.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/settings/training.h"
#include "phatgoose/text/tokenizer.h"
#include "phatgoose/train/epoch_source.h"
#include "phatgoose/train/trainer.h"

namespace phatgoose {

/// Rows of one validation file.
struct ValidationFile {
  std::string path;
  std::vector<Record> records;
};

/// Rows as the model reads them.
struct TrainingData {
  std::vector<Example> train, valid;
  RowNotes train_notes, valid_notes;
  std::vector<std::int64_t> train_sizes;  ///< rows of each data set in `train`, where they lie one after the other
  std::vector<ValidationFile> valid_files;
  std::shared_ptr<const Tokenizer> tokenizer;  ///< null where the base has none
  std::int64_t max_input = 0;

  bool valid_rows_have_choices() const;
  /// How many rows there are to train and to validate on, how many bad ones were skipped, and what is to be known of
  /// them; for run.json and manifests.
  Json rows_json() const;
};

/// Reads the files of `settings`, and logs how many rows there are and what is to be known of them; the base's
/// tokenizer is needed only where rows carry text. A file to train on whose targets are all empty: bad_data.
TrainingData read_training_data(const DataSettings& settings, const fs::path& model, const T5Config& config);

/// Steps of `batch` rows of data.train, which must outlive the result, mixed as `settings` say.
EpochSource training_source(const TrainingData& data, const DataSettings& settings, std::int64_t batch,
                            std::int64_t seed);

/// Rank-classification accuracy of a model on data.valid_files, whose rows all have choices. Handed in, because scoring
/// is above training.
using AccuracyFunction = std::function<double(const T5Model& model, const TrainingData& data)>;

/// Validation on data.valid, which must outlive the result; empty without validation rows. The accuracy counts where
/// `accuracy` is given and every row has choices.
Validator make_validator(const T5Model& model, const TrainingData& data, std::int64_t pass_tokens,
                         const AccuracyFunction& accuracy);

/// The trainer's settings without validation and dropout; the schedule is constant after the warm-up.
TrainerSettings trainer_settings(const TrainingSettings& training, std::int64_t seed);

/// What is trained of an expert.
std::vector<Parameter> trained_parameters(const ExpertParameters& expert);

}  // namespace phatgoose
