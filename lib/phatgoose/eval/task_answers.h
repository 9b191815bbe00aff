// What a model answers to the rows of a task (METHODS 9): the scores of all choices, or a generated text.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/data/row_notes.h"
#include "phatgoose/data/suite.h"
#include "phatgoose/data/token_labels.h"
#include "phatgoose/eval/rank_scorer.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/scoring/sample.h"
#include "phatgoose/store/task_numbers.h"

namespace phatgoose {

/// The rows of a task as the model reads them, and the samples that await its answers.
struct TaskRows {
  Task task;
  std::vector<Question> questions;  ///< without choices where the task is generation
  std::vector<Sample> samples;
  std::vector<std::string> texts;  ///< of every row, for routers that look at whole inputs; empty unless asked for
  std::vector<std::string> descriptions = {};  ///< that rows carry themselves, of every row; empty ones are none
  std::vector<std::string> own_tasks = {};     ///< likewise, the task that a modular adapter answers it as
  TokenLabels labels = {};                     ///< of every row, for routers that follow them; empty unless asked for
  std::vector<std::int64_t> lines = {};        ///< of every row, in the file
  RowNotes notes = {};                         ///< of all rows
  SkippedRows skipped = {};                    ///< bad rows that are not among them
  std::int64_t available = 0;                  ///< rows of the file, of which these are all or some
  std::int64_t left_out = 0;                   ///< rows of the file that the task's templates leave out

  /// For messages: the task and its file.
  std::string place() const { return "task " + task.name + " (" + task.data.string() + ")"; }
};

/// What routers ask of rows besides their tokens.
struct RowNeeds {
  bool texts = false, labels = false;
};

/// `tokenizer` may be null when every row carries ids. Rows that do not fit the task's kind or the vocabulary, and rows
/// or a kind of task that lack the labels that are needed: bad_data with the line; where there is `skipped`, rows that
/// do not fit are left out and counted there instead.
TaskRows prepare_task(const Task& task, const std::vector<Record>& records, const Tokenizer* tokenizer,
                      std::int64_t vocab_size, RowNeeds needs = {}, SkippedRows* skipped = nullptr);

/// Sends every token to the expert that its row names, `experts` being the names of those that are routed: bad_data
/// with the line of a row that names another.
void follow_labels(TaskRows& rows, const std::vector<std::string>& experts);

/// The number that a modular adapter's task has, of every row: that which the row names, or else the suite's task (its
/// own_expert()). A task that the adapter does not know: bad_data, with the line where the row decides.
std::vector<std::int64_t> row_task_numbers(const TaskRows& rows, const TaskNumbers& numbers);

/// Some rows of a task: what is asked, and the samples that await the answers.
struct RowBatch {
  const Task* task;
  std::vector<Question> questions;
  std::vector<Sample> samples;
};

RowBatch batch_of(const TaskRows& rows, std::span<const std::int64_t> numbers);

/// Numbers of the rows that are answered together: a function of the rows and of `tokens`, the input tokens of a pass.
std::vector<std::vector<std::int64_t>> answer_passes(const TaskRows& rows, std::int64_t tokens);

/// The batch's samples, answered and judged; to the bit the same for the rows of one of answer_passes() as for all of
/// them together. Without a tokenizer a generated text is its ids, separated by spaces.
std::vector<Sample> answer_batch(const T5Model& model, const Tokenizer* tokenizer, RowBatch batch,
                                 const ScoringPasses& passes = {});

/// The samples of all rows, in their order.
std::vector<Sample> answer_task(const T5Model& model, const Tokenizer* tokenizer, const TaskRows& rows);

}  // namespace phatgoose
