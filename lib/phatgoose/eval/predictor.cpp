#include "phatgoose/eval/predictor.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <numeric>

#include "phatgoose/data/row_encoder.h"
#include "phatgoose/embed/retrieval_text.h"
#include "phatgoose/eval/generation.h"
#include "phatgoose/scoring/judge.h"

namespace phatgoose {
namespace {

std::vector<float> row_of(const at::Tensor& table, std::int64_t row) {
  const float* values = table.const_data_ptr<float>() + row * table.size(1);
  return {values, values + table.size(1)};
}

/// `local`: [rows, E].
ExpertScores scores_of_row(const at::Tensor& local, const PackedIds& packed, std::size_t row) {
  const auto number = static_cast<std::int64_t>(row);
  return {row_of(local, number), row_of(packed.rows.expert_scores, number)};
}

}  // namespace

Predictor::Predictor(const AdaptedModel& model, const Tokenizer* tokenizer, PredictorRules rules,
                     const InputRouting* inputs)
    : model_(model), tokenizer_(tokenizer), rules_(rules), inputs_(inputs) {}

PredictionRequest Predictor::request(Record record) const {
  RowEncoder encoder(tokenizer_, model_.model.config().vocab_size);
  TokenIds input = encoder.input(record, rules_.max_input);
  std::vector<TokenIds> choices;
  if (record.has_choices()) choices = encoder.choices(record);
  std::string text = routing_text(record);
  std::int64_t task = -1;
  if (rules_.tasks) task = rules_.tasks->number(record.task.empty() ? rules_.task : record.task, record.template_name);
  return {std::move(record), std::move(input), std::move(choices), std::move(text), encoder.notes(), task};
}

std::string Predictor::routing_text(const Record& record) const {
  if (!model_.routed || !model_.routed->router().embeds()) return {};
  if (!model_.routed->router().describes()) return retrieval_text(record, tokenizer_);
  const std::string& text = record.description.empty() ? rules_.description : record.description;
  if (!text.empty()) return text;
  refuse_here("no description of the task, which the router " + model_.routed->router().name + " compares",
              "\"description\" in the row, or --task-description");
}

std::vector<InputFacts> Predictor::facts_of(std::span<const PredictionRequest* const> requests) const {
  std::vector<InputFacts> facts(requests.size());
  for (std::size_t i = 0; i < facts.size(); ++i) facts[i].task = requests[i]->task;
  if (inputs_ == nullptr) return facts;
  std::vector<WholeInput> inputs;
  for (const PredictionRequest* request : requests) inputs.push_back({request->text, request->input});
  std::vector<std::vector<float>> scores = inputs_->scores(inputs);
  for (std::size_t i = 0; i < scores.size(); ++i) facts[i].expert_scores = std::move(scores[i]);
  return facts;
}

PackedIds Predictor::pack(std::span<const PredictionRequest* const> requests) const {
  std::vector<TokenIds> inputs;
  for (const PredictionRequest* request : requests) inputs.push_back(request->input);
  return pack_questions(inputs, facts_of(requests), model_.model.device());
}

std::vector<Prediction> Predictor::answer(std::span<const PredictionRequest> requests) const {
  std::vector<Prediction> predictions(requests.size());
  choose(requests, predictions);
  generate(requests, predictions);
  for (std::size_t i = 0; i < requests.size(); ++i) predictions[i].text = text_of(requests[i], predictions[i]);
  if (rules_.explained_module) explain(requests, predictions);
  return predictions;
}

void Predictor::choose(std::span<const PredictionRequest> requests, std::span<Prediction> predictions) const {
  std::vector<Question> questions;
  std::vector<const PredictionRequest*> asked;
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (requests[i].choices.empty()) continue;
    questions.push_back({requests[i].input, requests[i].choices});
    asked.push_back(&requests[i]);
    rows.push_back(i);
  }
  if (questions.empty()) return;
  std::vector<InputFacts> known = facts_of(asked);
  for (std::size_t i = 0; i < known.size(); ++i) questions[i].facts = std::move(known[i]);
  std::vector<ChoiceScores> scores = score_choices(model_.model, questions);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    Prediction& prediction = predictions[rows[i]];
    prediction.scores = std::move(scores[i]);
    prediction.choice = best_choice(prediction.scores.log_likelihoods, prediction.scores.num_tokens,
                                    rules_.length_normalise, "line " + std::to_string(requests[rows[i]].record.line));
    prediction.ids = questions[i].choices[*prediction.choice];
  }
}

void Predictor::generate(std::span<const PredictionRequest> requests, std::span<Prediction> predictions) const {
  std::vector<const PredictionRequest*> asked;
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (!requests[i].choices.empty()) continue;
    asked.push_back(&requests[i]);
    rows.push_back(i);
  }
  if (asked.empty()) return;
  std::vector<TokenIds> outputs = generate_greedy(model_.model, pack(asked), rules_.max_new_tokens);
  for (std::size_t i = 0; i < asked.size(); ++i) predictions[rows[i]].ids = std::move(outputs[i]);
}

std::optional<std::string> Predictor::text_of(const PredictionRequest& request, const Prediction& prediction) const {
  if (prediction.choice && !request.record.has_ids()) return request.record.choices[*prediction.choice];
  if (tokenizer_ != nullptr) return tokenizer_->decode(prediction.ids);
  return std::nullopt;
}

// Input and answer go through the model once more, so that each of their tokens is seen exactly once however the answer
// was found.
void Predictor::explain(std::span<const PredictionRequest> requests, std::span<Prediction> predictions) const {
  const T5Model& model = model_.model;
  std::vector<const PredictionRequest*> asked;
  std::vector<TokenIds> answers;
  for (const PredictionRequest& request : requests) asked.push_back(&request);
  for (const Prediction& prediction : predictions) answers.push_back(prediction.ids);
  std::vector<std::int64_t> source_rows(asked.size());
  std::iota(source_rows.begin(), source_rows.end(), 0);

  const RoutedModel& routed = *model_.routed;
  const std::vector<std::string>& paths = routed.linear_paths();
  TokenTrace trace(std::ssize(paths));
  ScoreSums sums(std::ssize(asked), std::ssize(routed.expert_names()),
                 [&](std::int64_t linear) { return is_below(paths[linear], *rules_.explained_module); });
  const at::NoGradGuard no_grad;
  const PackedIds packed = pack(asked);
  {
    const RoutedModel::Observation observation = routed.observe(trace);
    const RoutedModel::Summation summation = routed.sum_scores(sums);
    const EncodedRows encoded = model.encode(packed);
    model.decode(
        pack_decoder_inputs(answers, static_cast<TokenId>(model.config().decoder_start_token_id), model.device()),
        encoded, source_rows);
  }
  for (std::size_t i = 0; i < predictions.size(); ++i) {
    Explanation explanation = explain_row(trace, static_cast<std::int64_t>(i), model.groups(), *rules_.explained_module,
                                          requests[i].input, predictions[i].ids);
    if (routed.router().takes_alpha()) explanation.scores = scores_of_row(sums.means(), packed, i);
    predictions[i].explanation = std::move(explanation);
  }
}

}  // namespace phatgoose
