#include "phatgoose/eval/predict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

#include "phatgoose/base/error.h"
#include "phatgoose/eval/answer_line.h"
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

/// A blank line is an empty text in every format, so that there are as many answers as lines.
Record record_of(const std::string& line, const std::string& format, std::int64_t number) {
  const std::size_t first = line.find_first_not_of(" \t");
  const bool is_blank = first == std::string::npos;
  const bool is_json = !is_blank && (format == "jsonl" || (format == "auto" && line[first] == '{'));
  Record record;
  if (is_json) {
    record = parse_record(line, false);
  } else {
    record.input = line;
  }
  record.line = number;
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
      make_row(line);
      batch.push_back(
          in(lines.where(), [&] { return predictor.request(record_of(line, settings.format, lines.line_number())); }));
    }
  } catch (const Error& bad_row) {
    error = bad_row;
  }
  return batch;
}

/// Of one row, `encoder` being the sentence encoder that it is routed by, or null.
RowNotes notes_of(const PredictionRequest& request, const SentenceEncoder* encoder) {
  RowNotes notes = request.notes;
  if (encoder != nullptr && encoder->cuts(request.text)) {
    notes.add(RowNote::cut_retrieval_text, request.record.line, encoder->max_length());
  }
  return notes;
}

/// Before anything is loaded.
void check_explanation(const PredictSettings& settings) {
  if (!settings.explain.empty() && !settings.routed) {
    fail(ExitCode::usage, {.where = "--explain", .found = "no --routed", .expected = "a routed model to explain"});
  }
  if (settings.explain_module && settings.explain.empty()) {
    fail(ExitCode::usage, {.where = "--explain-module",
                           .found = "no --explain",
                           .expected = "--explain or --explain tokens, which it confines to a module"});
  }
}

void check_explainable(const PredictSettings& settings, const AdaptedModel& adapted) {
  if (settings.explain.empty()) return;
  if (!adapted.routed->has_weights()) {
    fail(ExitCode::usage, {.where = "--explain",
                           .found = *settings.routed + ", whose experts are merged",
                           .expected = "a routed model that weights its experts"});
  }
  const std::string module = settings.explain_module.value_or("");
  const std::vector<std::string>& paths = adapted.routed->linear_paths();
  if (std::ranges::any_of(paths, [&](const std::string& path) { return is_below(path, module); })) return;
  fail(ExitCode::usage, {.where = "--explain-module",
                         .found = "no linear below \"" + module + "\"",
                         .expected = "a module of the base, such as " + paths.front() + " or encoder.block.0"});
}

/// Before anything is loaded: the rows to answer have no labels of experts.
void check_router(const std::string& routed) {
  const std::string router = read_routed_model(routed).routing.router;
  if (!router_kind(router, routed).follows_labels) return;
  fail(ExitCode::usage, {.where = "--routed",
                         .found = routed + ", whose router is " + router,
                         .expected = "a router that needs no labels in the rows",
                         .hint = "phatgoose eval runs it"});
}

void check_encoder(const PredictSettings& settings, bool routes_inputs) {
  if (!settings.routing.encoder || routes_inputs) return;
  fail(ExitCode::usage, {.where = "--encoder",
                         .found = "no --routed whose router compares inputs",
                         .expected = fmt::format("a routed model with the router {}",
                                                 fmt::join(router_names(&RouterKind::scores_inputs), " or "))});
}

AnswerFormat answer_format(const PredictSettings& settings, const AdaptedModel& adapted, const Tokenizer* tokenizer,
                           bool coloured) {
  const bool explains = !settings.explain.empty();
  return {.json = settings.json,
          .tokens = settings.explain == "tokens",
          .coloured = coloured,
          .names = explains ? adapted.routed->expert_names() : std::vector<std::string>(),
          .tokenizer = tokenizer};
}

PredictorRules predictor_rules(const PredictSettings& settings) {
  PredictorRules rules{settings.max_input, settings.max_new_tokens, settings.length_normalise};
  if (!settings.explain.empty()) rules.explained_module = settings.explain_module.value_or("");
  return rules;
}

}  // namespace

void predict(const PredictSettings& settings, at::Device device, at::ScalarType dtype, const PredictStreams& streams) {
  check_explanation(settings);
  if (settings.routed) check_router(*settings.routed);
  LineReader lines = open_input(settings, streams.input);
  const fs::path base = settings.model;
  const std::optional<Tokenizer> tokenizer = Tokenizer::of_base(base, read_t5_config(base).vocab_size);
  const Adaptation adaptation{.expert = settings.expert,
                              .routed = settings.routed,
                              .changes = settings.routing,
                              .allow_partial = settings.expert_options.allow_partial};
  const AdaptedModel adapted = load_adapted_model(base, adaptation, device, dtype);
  check_explainable(settings, adapted);
  const bool routes_inputs = adapted.routed && adapted.routed->router().scores_inputs();
  check_encoder(settings, routes_inputs);
  const Tokenizer* known = tokenizer ? &*tokenizer : nullptr;
  std::optional<InputRouting> inputs;
  if (routes_inputs) {
    inputs.emplace(adapted.model, *adapted.routed, settings.routing.encoder, known, base_fingerprint(base));
  }
  const Predictor predictor(adapted, known, predictor_rules(settings), inputs ? &*inputs : nullptr);
  const AnswerFormat format = answer_format(settings, adapted, known, streams.coloured);

  RowNotes notes;
  std::int64_t rows = 0;
  std::optional<Error> error;
  while (!error && streams.output) {
    const std::vector<PredictionRequest> batch = next_batch(lines, predictor, settings, error);
    if (batch.empty()) break;
    const std::vector<Prediction> predictions = predictor.answer(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      streams.output << answer_line(predictions[i], batch[i], format) << '\n';
      notes.add(notes_of(batch[i], inputs ? &inputs->encoder() : nullptr));
    }
    rows += std::ssize(batch);
    streams.output.flush();
  }
  notes.warn(lines.name(), rows);
  if (error) throw Error(*error);
}

}  // namespace phatgoose
