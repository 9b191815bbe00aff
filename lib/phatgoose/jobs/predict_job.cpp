#include "phatgoose/jobs/predict_job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ostream>

#include "phatgoose/base/error.h"
#include "phatgoose/eval/answer_line.h"
#include "phatgoose/jobs/modular_choice.h"
#include "phatgoose/jobs/task_moe_choice.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/t5_config.h"
#include "phatgoose/text/line_reader.h"

namespace phatgoose {
namespace {

void check_explanation(const PredictSettings& settings) {
  if (!settings.explain.empty() && !settings.routed) {
    refuse_usage("--explain", "no --routed", "a routed model to explain");
  }
  if (settings.explain_module && settings.explain.empty()) {
    refuse_usage("--explain-module", "no --explain", "--explain or --explain tokens, which it confines to a module");
  }
}

void check_explainable(const PredictSettings& settings, const RouterKind& kind) {
  if (settings.explain.empty()) return;
  if (kind.merges()) {
    refuse_usage("--explain", *settings.routed + ", whose experts are merged",
                 "a routed model that weights its experts");
  }
  const std::string module = settings.explain_module.value_or("");
  const std::vector<LinearGroupSpec> groups = linear_groups(read_t5_config(settings.model));
  for (const LinearGroupSpec& group : groups) {
    const auto below = [&](const LinearSpec& linear) { return is_below(linear.path, module); };
    if (std::ranges::any_of(group.linears, below)) return;
  }
  refuse_usage("--explain-module", "no linear below \"" + module + "\"",
               "a module of the base, such as " + groups.front().linears.front().path + " or encoder.block.0");
}

/// The rows to answer have no labels of experts.
void check_router(const std::string& routed, const RouterKind& kind) {
  if (!kind.follows_labels) return;
  refuse_usage("--routed", routed + ", whose router is " + kind.name, "a router that needs no labels in the rows",
               "phatgoose eval runs it");
}

void check_encoder(const PredictSettings& settings, const RouterKind& kind) {
  if (!settings.routing.encoder || kind.embeds()) return;
  const auto known = router_names(&RouterKind::embeds);
  refuse_usage("--encoder", "no --routed whose router compares inputs",
               fmt::format("a routed model with the router {}", fmt::join(known, " or ")));
}

void check_description(const PredictSettings& settings, const RouterKind* kind) {
  if (!settings.task_description || (kind != nullptr && kind->describes())) return;
  refuse_usage(
      "--task-description", "no --routed whose router compares descriptions",
      fmt::format("a routed model with the router {}", fmt::join(router_names(&RouterKind::describes), " or ")));
}

void check_one(const PredictSettings& settings) {
  if (settings.expert && settings.routed) {
    refuse_usage("--expert, --routed", "both", "at most one of them", "a routed model already names its experts");
  }
  if (settings.modular && (settings.expert || settings.routed)) {
    refuse_usage(settings.expert ? "--expert, --modular" : "--routed, --modular", "both", "at most one of them");
  }
  if (settings.task_moe && (settings.expert || settings.routed || settings.modular)) {
    refuse_usage("--task-moe", "given with --expert, --routed or --modular", "one of them");
  }
  if (!settings.task_moe && (settings.route || settings.task_vectors)) {
    refuse_usage(settings.route ? "--route" : "--vectors", "no --task-moe", "a task-level mixture to apply it to");
  }
}

/// What is said of tasks is for what mixes by task; `numbers` are its tasks'.
void check_tasks(const PredictSettings& settings, const std::optional<TaskNumbers>& numbers) {
  const char* option = settings.task ? "--task" : settings.unknown_task ? "--unknown-task" : nullptr;
  if (option == nullptr) return;
  if (settings.unknown_task && !settings.modular) {
    refuse_usage("--unknown-task", "no --modular", "a modular adapter to apply it to");
  }
  if (!settings.modular && !settings.task_moe) {
    refuse_usage(option, "no --modular or --task-moe", "an adapter or a mixture to apply it to");
  }
  if (!numbers) {
    refuse_usage(option,
                 settings.modular.value_or(settings.task_moe.value_or("")) + ", which is the same for every task",
                 "an adapter that mixes by task, or a mixture that routes by it");
  }
  if (settings.task) numbers->check_option("--task", *settings.task);
}

Adaptation adaptation_of(const PredictSettings& settings) {
  check_one(settings);
  const std::string changes = settings.routing.given();
  if (!settings.routed && !changes.empty()) {
    refuse_usage(changes, "no --routed", "a routed model to apply it to");
  }
  if (!settings.routed) check_description(settings, nullptr);
  if (settings.expert) return PlainExpert{*settings.expert};
  if (settings.modular) return ModularChoice{*settings.modular, new_task(settings.unknown_task)};
  if (settings.task_moe) return task_moe_choice(*settings.task_moe, settings.route, settings.task_vectors);
  if (!settings.routed) return PlainBase{};
  RoutedModelDirectory routed = RoutedModelDirectory::open(*settings.routed, settings.routing);
  const RouterKind& kind = router_kind(routed.manifest.routing.router, *settings.routed);
  check_router(*settings.routed, kind);
  check_encoder(settings, kind);
  check_description(settings, &kind);
  check_explainable(settings, kind);
  return routed;
}

LineReader open_input(const PredictPlan& plan, int standard_input) {
  return plan.input == "-" ? LineReader(standard_input, "stdin", plan.line_limit)
                           : LineReader(plan.input, plan.line_limit);
}

/// A blank line is an empty text in every format, so that there are as many answers as lines.
Record record_of_line(const std::string& line, const std::string& format, std::int64_t number) {
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

/// The next rows: up to plan.pass_rows, and after the first only what is there already. A bad row ends the batch;
/// `error` holds what is wrong with it.
std::vector<PredictionRequest> next_batch(LineReader& lines, const Predictor& predictor, const PredictPlan& plan,
                                          std::optional<Error>& error) {
  std::vector<PredictionRequest> batch;
  std::string line;
  try {
    while (std::ssize(batch) < plan.pass_rows && (batch.empty() || lines.ready())) {
      if (!lines.next(line)) break;
      make_row(line);
      batch.push_back(
          in(lines.where(), [&] { return predictor.request(record_of_line(line, plan.format, lines.line_number())); }));
    }
  } catch (const Error& bad_row) {
    error = bad_row;
  }
  return batch;
}

/// Of one row; `inputs` is null where inputs are not routed as a whole.
RowNotes notes_of(const PredictionRequest& request, const InputRouting* inputs) {
  RowNotes notes = request.notes;
  if (inputs != nullptr && inputs->cuts(request.text)) {
    notes.add(RowNote::cut_retrieval_text, request.record.line, inputs->max_length());
  }
  return notes;
}

AnswerFormat answer_format(const PredictPlan& plan, const AdaptedModel& adapted, const Tokenizer* tokenizer,
                           bool coloured) {
  return {.json = plan.json,
          .tokens = plan.explains_tokens,
          .coloured = coloured,
          .names = plan.rules.explained_module ? adapted.routed->expert_names() : std::vector<std::string>(),
          .tokenizer = tokenizer};
}

}  // namespace

PredictPlan plan_predictions(const PredictSettings& settings) {
  check_explanation(settings);
  PredictPlan plan{.base = settings.model,
                   .adaptation = adaptation_of(settings),
                   .allow_partial = settings.allow_partial,
                   .encoder = settings.routing.encoder,
                   .rules = {settings.max_input, settings.max_new_tokens, settings.length_normalise,
                             settings.task_description.value_or("")},
                   .input = settings.input,
                   .format = settings.format,
                   .line_limit = settings.reading.line_limit(),
                   .pass_rows = settings.pass_rows,
                   .json = settings.json,
                   .explains_tokens = settings.explain == "tokens"};
  if (const auto* modular = std::get_if<ModularChoice>(&plan.adaptation)) plan.rules.tasks = task_numbers_of(*modular);
  if (const auto* mixture = std::get_if<TaskMoeChoice>(&plan.adaptation)) plan.rules.tasks = task_numbers_of(*mixture);
  check_tasks(settings, plan.rules.tasks);
  plan.rules.task = settings.task.value_or("");
  if (!settings.explain.empty()) plan.rules.explained_module = settings.explain_module.value_or("");
  return plan;
}

void predict(const PredictPlan& plan, at::Device device, at::ScalarType dtype, const PredictStreams& streams) {
  LineReader lines = open_input(plan, streams.input);
  const std::optional<Tokenizer> tokenizer = Tokenizer::of_base(plan.base, read_t5_config(plan.base).vocab_size);
  const Tokenizer* known = tokenizer ? &*tokenizer : nullptr;
  const AdaptedModel adapted = load_adapted_model(plan.base, plan.adaptation, plan.allow_partial, device, dtype);
  std::unique_ptr<InputRouting> inputs;
  if (adapted.routed && adapted.routed->router().scores_inputs()) {
    inputs = make_input_routing(adapted.model, *adapted.routed, plan.encoder, known, base_fingerprint(plan.base));
  }
  const Predictor predictor(adapted, known, plan.rules, inputs.get());
  const AnswerFormat format = answer_format(plan, adapted, known, streams.coloured);

  RowNotes notes;
  std::int64_t rows = 0;
  std::optional<Error> error;
  while (!error && streams.output) {
    const std::vector<PredictionRequest> batch = next_batch(lines, predictor, plan, error);
    if (batch.empty()) break;
    const std::vector<Prediction> predictions = predictor.answer(batch);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      streams.output << answer_line(predictions[i], batch[i], format) << '\n';
      notes.add(notes_of(batch[i], inputs.get()));
    }
    rows += std::ssize(batch);
    streams.output.flush();
  }
  notes.warn(lines.name(), rows);
  if (error) throw Error(*error);
}

}  // namespace phatgoose
