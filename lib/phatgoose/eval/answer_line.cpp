#include "phatgoose/eval/answer_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "phatgoose/base/json.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/eval/explained_text.h"

namespace phatgoose {
namespace {

/// {"NAME": weight}, six decimals.
Json weights_json(const ExpertWeights& experts, const std::vector<std::string>& names) {
  Json weights = Json::object();
  for (const auto& [expert, weight] : experts) {
    weights[names[static_cast<std::size_t>(expert)]] = std::round(weight * 1e6) / 1e6;
  }
  return weights;
}

/// {"NAME": score}, six decimals; null for an expert that has none.
Json scores_json(const std::vector<float>& scores, const std::vector<std::string>& names) {
  Json json = Json::object();
  for (std::size_t e = 0; e < scores.size(); ++e) {
    json[names[e]] = std::isfinite(scores[e]) ? Json(std::round(scores[e] * 1e6) / 1e6) : Json();
  }
  return json;
}

Json tokens_json(const ExplainedTokens& tokens, const AnswerFormat& format) {
  Json list = Json::array(), linears = Json::object();
  for (std::size_t t = 0; t < tokens.ids.size(); ++t) {
    Json& token = list.emplace_back(Json{{"id", tokens.ids[t]}});
    if (format.tokenizer != nullptr) token["piece"] = format.tokenizer->piece(tokens.ids[t]);
    token["experts"] = weights_json(tokens.means[t], format.names);
  }
  for (const auto& [path, choices] : tokens.linears) {
    Json& linear = linears[path] = Json::array();
    for (const ExpertWeights& experts : choices) linear.push_back(weights_json(experts, format.names));
  }
  return {{"tokens", std::move(list)}, {"linears", std::move(linears)}};
}

std::string json_line(const Prediction& prediction, const PredictionRequest& request, const AnswerFormat& format) {
  Json line = Json::object();
  if (!request.record.id.empty()) line["id"] = request.record.id;
  if (prediction.text) line["output"] = *prediction.text;
  if (request.record.has_ids()) line["output_ids"] = prediction.ids;
  if (prediction.choice) {
    line["choice"] = *prediction.choice;
    line["log_likelihoods"] = prediction.scores.log_likelihoods;
    line["num_tokens"] = prediction.scores.num_tokens;
  }
  if (request.notes.count(RowNote::cut_input) > 0) line["input_cut"] = true;
  if (request.notes.count(RowNote::alike_choices) > 0) line["choices_alike"] = true;
  if (const auto& explanation = prediction.explanation) {
    line["experts"] = weights_json(explanation->experts, format.names);
    if (const auto& scores = explanation->scores) {
      line["scores"] = {{"local", scores_json(scores->local, format.names)},
                        {"global", scores_json(scores->global, format.names)}};
    }
    if (format.tokens) {
      line["routing"] = {{"input", tokens_json(explanation->input, format)},
                         {"answer", tokens_json(explanation->answer, format)}};
    }
  }
  return json_text(line);
}

/// What a line of text has after the answer: columns that begin with a tab each.
std::string explained_columns(const Explanation& explanation, const AnswerFormat& format) {
  const auto& [experts, scores, input, answer] = explanation;
  if (!format.tokens) {
    std::string columns;
    for (const auto& [expert, weight] : experts) {
      const auto e = static_cast<std::size_t>(expert);
      columns += fmt::format("\t{} {:.3f}", printable(format.names[e]), weight);
      if (scores) columns += fmt::format(" (local {:.3f}, global {:.3f})", scores->local[e], scores->global[e]);
    }
    return columns;
  }
  if (!format.coloured) {
    return "\t" + tokens_with_experts(input, format.names, format.tokenizer) + "\t" +
           tokens_with_experts(answer, format.names, format.tokenizer);
  }
  return "\t" + coloured_tokens(input, format.tokenizer) + "\t" + coloured_tokens(answer, format.tokenizer) + "\t" +
         colour_legend(explanation, format.names);
}

}  // namespace

std::string answer_line(const Prediction& prediction, const PredictionRequest& request, const AnswerFormat& format) {
  if (format.json) return json_line(prediction, request, format);
  std::string line = prediction.text ? printable(*prediction.text) : fmt::format("{}", fmt::join(prediction.ids, " "));
  if (prediction.explanation) line += explained_columns(*prediction.explanation, format);
  return line;
}

}  // namespace phatgoose
