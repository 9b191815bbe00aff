// Answers to single rows: a generated text, or the best of the row's choices; and which experts the answer came from.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/data/records.h"
#include "phatgoose/data/row_notes.h"
#include "phatgoose/eval/explanation.h"
#include "phatgoose/eval/input_routing.h"
#include "phatgoose/eval/rank_scorer.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/store/task_numbers.h"

namespace phatgoose {

/// A row to answer.
struct PredictionRequest {
  Record record;                  ///< its target is not looked at
  TokenIds input;                 ///< as the model reads it
  std::vector<TokenIds> choices;  ///< likewise; empty for a row that asks for a text
  std::string text = {};          ///< for routers that look at whole inputs
  RowNotes notes = {};
  std::int64_t task = -1;  ///< its number, for what mixes by task
};

struct Prediction {
  TokenIds ids;                        ///< of the answer, EOS included
  std::optional<std::string> text;     ///< of the answer; nothing for a row of ids on a base without tokenizer
  std::optional<std::int64_t> choice;  ///< index of the choice taken, for a row with choices
  ChoiceScores scores;                 ///< of all choices, for a row with choices
  std::optional<Explanation> explanation = {};
};

struct PredictorRules {
  std::int64_t max_input = 512;
  std::int64_t max_new_tokens = 64;
  bool length_normalise = true;           ///< choices compete by the mean, or the sum, of their tokens' log-likelihoods
  std::string description = {};           ///< of the task, for rows without one and routers that compare descriptions
  std::optional<TaskNumbers> tasks = {};  ///< of a modular adapter or a mixture that tells tasks apart
  std::string task = {};                  ///< for it, of rows without a task of their own; empty: none
  std::optional<std::string> explained_module = {};  ///< with explanations, of the linears below; empty: of all
};

class Predictor {
 public:
  /// `tokenizer` may be null; a row of text is then bad_data. `inputs`: for a routed model that looks at whole inputs,
  /// otherwise null. All must outlive the predictor.
  Predictor(const AdaptedModel& model, const Tokenizer* tokenizer, PredictorRules rules,
            const InputRouting* inputs = nullptr);

  /// bad_data at `file` and the record's line for what the model cannot read.
  PredictionRequest request(Record record) const;

  /// One prediction per request, in order, computed together. What is explained, which needs a routed model, is how
  /// input and answer pass through the model.
  std::vector<Prediction> answer(std::span<const PredictionRequest> requests) const;

 private:
  std::string routing_text(const Record& record) const;
  void choose(std::span<const PredictionRequest> requests, std::span<Prediction> predictions) const;
  void generate(std::span<const PredictionRequest> requests, std::span<Prediction> predictions) const;
  /// Of every request: scores by expert where the router looks at inputs, and the task.
  std::vector<InputFacts> facts_of(std::span<const PredictionRequest* const> requests) const;
  PackedIds pack(std::span<const PredictionRequest* const> requests) const;
  std::optional<std::string> text_of(const PredictionRequest& request, const Prediction& prediction) const;
  void explain(std::span<const PredictionRequest> requests, std::span<Prediction> predictions) const;

  const AdaptedModel& model_;
  const Tokenizer* tokenizer_;
  PredictorRules rules_;
  const InputRouting* inputs_;
};

}  // namespace phatgoose
