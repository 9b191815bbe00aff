// What a model answers to the rows of a task (METHODS 9): the scores of all choices, or a generated text.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/data/row_notes.h"
#include "phatgoose/data/suite.h"
#include "phatgoose/data/token_labels.h"
#include "phatgoose/eval/rank_scorer.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/scoring/sample.h"

namespace phatgoose {

/// The rows of a task as the model reads them, and the samples that await its answers.
struct TaskRows {
  Task task;
  std::vector<Question> questions;  ///< without choices where the task is generation
  std::vector<Sample> samples;
  std::vector<std::string> texts;  ///< of every row, for routers that look at whole inputs; empty unless asked for
  TokenLabels labels = {};         ///< of every row, for routers that follow them; empty unless asked for
  std::vector<std::int64_t> lines = {};  ///< of every row, in the file
  RowNotes notes = {};                   ///< of all rows
  std::int64_t available = 0;            ///< rows of the file, of which these are all or some
  std::int64_t left_out = 0;             ///< rows of the file that the task's templates leave out

  /// For messages: the task and its file.
  std::string place() const { return "task " + task.name + " (" + task.data.string() + ")"; }
};

/// What routers ask of rows besides their tokens.
struct RowNeeds {
  bool texts = false, labels = false;
};

/// `tokenizer` may be null when every row carries ids. Rows that do not fit the task's kind or the vocabulary, and rows
/// or a kind of task that lack the labels that are needed: bad_data with the line.
TaskRows prepare_task(const Task& task, const std::vector<Record>& records, const Tokenizer* tokenizer,
                      std::int64_t vocab_size, RowNeeds needs = {});

/// Sends every token to the expert that its row names, `experts` being the names of those that are routed: bad_data
/// with the line of a row that names another.
void follow_labels(TaskRows& rows, const std::vector<std::string>& experts);

/// How rows are computed; no answer depends on it beyond fp32 rounding.
struct AnswerPasses {
  std::int64_t tokens = 4096;                 ///< at most so many input tokens in one pass
  std::function<void(std::int64_t)> on_rows;  ///< called after each pass with the rows finished so far
  EncoderCache* encoder = nullptr;            ///< as in ScoringPasses
};

/// The samples in the order of the rows, answered and judged. Without a tokenizer a generated text is its ids,
/// separated by spaces.
std::vector<Sample> answer_task(const T5Model& model, const Tokenizer* tokenizer, const TaskRows& rows,
                                const AnswerPasses& passes = {});

}  // namespace phatgoose
