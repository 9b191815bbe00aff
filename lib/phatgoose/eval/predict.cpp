#include "phatgoose/eval/predict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <ostream>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"
#include "phatgoose/eval/predictor.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/t5_config.h"
#include "phatgoose/text/line_reader.h"

namespace phatgoose {
namespace {

LineReader open_input(const PredictSettings& settings, int standard_input) {
  const std::size_t limit = settings.reading.line_limit();
  return settings.input == "-" ? LineReader(standard_input, "stdin", limit) : LineReader(settings.input, limit);
}

Record record_of(const std::string& line, const std::string& format, const LineReader& lines) {
  const bool is_json = format == "jsonl" || (format == "auto" && line[line.find_first_not_of(" \t")] == '{');
  Record record;
  if (is_json) {
    record = parse_record(line, lines.where(), false);
  } else {
    record.input = line;
  }
  record.line = lines.line_number();
  return record;
}

/// The next rows: up to settings.pass_rows, and after the first only what is there already. A bad row ends the batch;
/// `error` holds what is wrong with it.
std::vector<PredictionRequest> next_batch(LineReader& lines, const Predictor& predictor,
                                          const PredictSettings& settings, std::optional<Error>& error) {
  std::vector<PredictionRequest> batch;
  std::string line;
  try {
    while (static_cast<std::int64_t>(batch.size()) < settings.pass_rows && (batch.empty() || lines.ready())) {
      if (!lines.next(line)) break;
      if (!make_row(line)) continue;
      batch.push_back(predictor.request(record_of(line, settings.format, lines), lines.name()));
    }
  } catch (const Error& bad_row) {
    error = bad_row;
  }
  return batch;
}

/// Experts by falling weight, those without any left out.
std::vector<std::pair<std::string, double>> shares(const std::vector<std::string>& names,
                                                   const std::vector<double>& weights) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return weights[a] > weights[b]; });
  std::vector<std::pair<std::string, double>> result;
  for (const std::size_t e : order) {
    if (weights[e] > 0.0) result.emplace_back(names[e], weights[e]);
  }
  return result;
}

std::string json_line(const Prediction& prediction, const PredictionRequest& request,
                      const std::vector<std::string>* experts) {
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
  if (experts != nullptr) {
    line["experts"] = Json::object();
    for (const auto& [name, weight] : shares(*experts, prediction.expert_weights)) line["experts"][name] = weight;
  }
  return json_text(line);
}

/// Columns of text that a terminal can be trusted with; the exact text is that of json_line.
std::string text_line(const Prediction& prediction, const std::vector<std::string>* experts) {
  std::string line = prediction.text ? printable(*prediction.text) : fmt::format("{}", fmt::join(prediction.ids, " "));
  if (experts != nullptr) {
    for (const auto& [name, weight] : shares(*experts, prediction.expert_weights)) {
      line += fmt::format("\t{} {:.3f}", printable(name), weight);
    }
  }
  return line;
}

/// Of one row, `encoder` being the sentence encoder that it is routed by, or null.
RowNotes notes_of(const PredictionRequest& request, const SentenceEncoder* encoder) {
  RowNotes notes = request.notes;
  if (encoder != nullptr && encoder->cuts(request.text)) {
    notes.add(RowNote::cut_retrieval_text, request.record.line, encoder->max_length());
  }
  return notes;
}

void check_explainable(const PredictSettings& settings, const AdaptedModel& adapted) {
  if (!settings.explain || adapted.routed->has_weights()) return;
  fail(ExitCode::usage, {.where = "--explain",
                         .found = *settings.routed + ", whose experts are merged",
                         .expected = "a routed model that weights its experts",
                         .hint = ""});
}

/// Before anything is loaded: the rows to answer have no labels of experts.
void check_router(const std::string& routed) {
  const std::string router = read_routed_model(routed).router;
  if (!router_kind(router, routed).uses_labels) return;
  fail(ExitCode::usage, {.where = "--routed",
                         .found = routed + ", whose router is " + router,
                         .expected = "a router that does without the labels of rows",
                         .hint = "phatgoose eval takes it"});
}

void check_encoder(const PredictSettings& settings, bool routes_inputs) {
  if (!settings.routing.encoder || routes_inputs) return;
  fail(ExitCode::usage, {.where = "--encoder",
                         .found = "no --routed whose router compares inputs",
                         .expected = "a routed model with the router retrieval",
                         .hint = ""});
}

}  // namespace

void predict(const PredictSettings& settings, at::Device device, at::ScalarType dtype, int standard_input,
             std::ostream& output) {
  if (settings.explain && !settings.routed) {
    fail(ExitCode::usage,
         {.where = "--explain", .found = "no --routed", .expected = "a routed model to explain", .hint = ""});
  }
  if (settings.routed) check_router(*settings.routed);
  LineReader lines = open_input(settings, standard_input);
  const fs::path base = settings.model;
  const std::optional<Tokenizer> tokenizer = Tokenizer::of_base(base, read_t5_config(base).vocab_size);
  const Adaptation adaptation{.expert = settings.expert,
                              .routed = settings.routed,
                              .changes = settings.routing.changes(),
                              .allow_partial = settings.expert_options.allow_partial};
  const AdaptedModel adapted = load_adapted_model(base, adaptation, device, dtype);
  check_explainable(settings, adapted);
  const bool routes_inputs = adapted.routed && adapted.routed->routes_inputs();
  check_encoder(settings, routes_inputs);
  const Tokenizer* known = tokenizer ? &*tokenizer : nullptr;
  std::optional<InputRouting> inputs;
  if (routes_inputs) {
    inputs.emplace(adapted.model, *adapted.routed, settings.routing.encoder, known, base_fingerprint(base));
  }
  const Predictor predictor(adapted, known, {settings.max_input, settings.max_new_tokens, settings.length_normalise},
                            inputs ? &*inputs : nullptr);
  const std::vector<std::string>* experts = settings.explain ? &adapted.routed->expert_names() : nullptr;

  RowNotes notes;
  std::int64_t rows = 0;
  std::optional<Error> error;
  while (!error && output) {
    const std::vector<PredictionRequest> batch = next_batch(lines, predictor, settings, error);
    if (batch.empty()) break;
    const std::vector<Prediction> predictions = predictor.answer(batch, settings.explain);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      output << (settings.json ? json_line(predictions[i], batch[i], experts) : text_line(predictions[i], experts))
             << '\n';
      notes.add(notes_of(batch[i], inputs ? &inputs->encoder() : nullptr));
    }
    rows += std::ssize(batch);
    output.flush();
  }
  notes.warn(lines.name(), rows);
  if (error) throw Error(*error);
}

}  // namespace phatgoose
