#include "phatgoose/eval/suite_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/progress.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/base/version.h"
#include "phatgoose/eval/input_routing.h"
#include "phatgoose/eval/methods.h"
#include "phatgoose/eval/partial_results.h"
#include "phatgoose/eval/routing_file.h"
#include "phatgoose/eval/task_answers.h"
#include "phatgoose/report/results.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/run_record.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {
namespace {

constexpr const char* kKind = "results";

/// Thrown out of a task when a signal asks to stop; what the task has computed so far is given up.
struct Stopped {};

/// The suite with the tasks called `names` only, in its own order; usage error for a name that it lacks.
Suite only_tasks(Suite suite, const std::vector<std::string>& names, const std::string& where) {
  if (names.empty()) return suite;
  std::vector<std::string> known;
  for (const Task& task : suite.tasks) known.push_back(task.name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    fail(ExitCode::usage, {.where = "--tasks",
                           .found = fmt::format("no task \"{}\" in {}", name, where),
                           .expected = fmt::format("some of {}", fmt::join(known, ", ")),
                           .hint = did_you_mean(name, known)});
  }
  std::erase_if(suite.tasks, [&](const Task& task) { return std::ranges::find(names, task.name) == names.end(); });
  return suite;
}

std::vector<std::vector<Record>> read_all_records(const Suite& suite, const std::optional<std::int64_t>& limit) {
  std::vector<std::vector<Record>> all;
  for (const Task& task : suite.tasks) {
    std::vector<Record>& records = all.emplace_back(read_records(task.data));
    if (limit && *limit < static_cast<std::int64_t>(records.size())) records.resize(static_cast<std::size_t>(*limit));
  }
  return all;
}

/// The base's tokenizer, or none when it has none and no row needs one.
std::optional<Tokenizer> tokenizer_for(const fs::path& base, const std::vector<std::vector<Record>>& tasks,
                                       std::int64_t vocab_size) {
  const auto has_text = [](const std::vector<Record>& records) {
    return std::ranges::any_of(records, [](const Record& record) { return !record.has_ids(); });
  };
  if (std::ranges::none_of(tasks, has_text) && !fs::exists(base / "spiece.model")) return std::nullopt;
  std::optional<Tokenizer> tokenizer(base);
  tokenizer->check_vocab_size(vocab_size, base.string());
  return tokenizer;
}

/// All the rows of a suite, checked and tokenised before anything is computed.
struct SuiteRows {
  std::optional<Tokenizer> tokenizer;
  std::vector<TaskRows> tasks;
  std::int64_t count = 0;

  const Tokenizer* tokenizer_or_null() const { return tokenizer ? &*tokenizer : nullptr; }
};

SuiteRows prepare_suite(const Suite& suite, const EvalSettings& settings, bool with_texts) {
  const std::int64_t vocab_size = read_t5_config(settings.model).vocab_size;
  const std::vector<std::vector<Record>> records = read_all_records(suite, settings.limit);
  SuiteRows rows{tokenizer_for(settings.model, records, vocab_size), {}, 0};
  for (std::size_t i = 0; i < records.size(); ++i) {
    rows.tasks.push_back(prepare_task(suite.tasks[i], records[i], rows.tokenizer_or_null(), vocab_size, with_texts));
    rows.count += static_cast<std::int64_t>(records[i].size());
  }
  return rows;
}

/// What names the parts of the model: hashes of "base", and of "expert" or "routed".
Json part_hashes(const EvalSettings& settings) {
  Json hashes = {{"base", base_fingerprint(settings.model)}};
  for (const std::string& expert : settings.experts) hashes["expert"] = ExpertDirectory::open(expert).adapter_hash();
  for (const std::string& routed : settings.routed) {
    hashes["routed"] = content_hash_of_file(fs::path(routed) / "manifest.json");
  }
  return hashes;
}

/// What the methods of one call share; made when the first of them has something to compute.
struct Shared {
  const EvalSettings& settings;
  const Suite& suite;
  at::Device device;
  at::ScalarType dtype;
  std::optional<SuiteRows> rows = std::nullopt;
  std::optional<T5Model> model = std::nullopt;

  void prepare() {
    if (model) return;
    const bool with_texts = std::ranges::any_of(settings.routed, [](const std::string& routed) {
      return router_kind(read_routed_model(routed).router, routed).has_encoder;
    });
    rows.emplace(prepare_suite(suite, settings, with_texts));
    model.emplace(load_base(settings.model, device, dtype));
  }
};

/// One method on the shared model.
struct Method {
  const EvalSettings& settings;
  std::optional<RoutedModel> routed;
  std::optional<InputRouting> inputs = std::nullopt;
};

Method adapt_to(const EvalSettings& settings, Shared& shared) {
  const auto first = [](const std::vector<std::string>& directories) {
    return directories.empty() ? std::nullopt : std::optional(directories.front());
  };
  return {settings, adapt(*shared.model, settings.model,
                          {first(settings.experts), first(settings.routed), settings.routing.changes()})};
}

/// The task's samples, answered with what the router knows of its inputs.
std::vector<Sample> answer_with(Method& method, const Shared& shared, const TaskRows& task, const AnswerPasses& passes) {
  const Tokenizer* tokenizer = shared.rows->tokenizer_or_null();
  if (method.settings.exclude_own) method.routed->exclude(task.task.name);
  if (!method.inputs) return answer_task(*shared.model, tokenizer, task, passes);
  TaskRows routed = task;
  std::vector<std::vector<float>> scores = method.inputs->scores(task.texts);
  for (std::size_t row = 0; row < scores.size(); ++row) routed.questions[row].expert_scores = std::move(scores[row]);
  return answer_task(*shared.model, tokenizer, routed, passes);
}

/// Answers every task that `partial` lacks.
void answer_tasks(Method& method, const Shared& shared, const PartialResults& partial, const std::string& title) {
  const SuiteRows& rows = *shared.rows;
  Progress progress(title, rows.count, "rows");
  std::int64_t finished = 0;
  for (std::size_t i = 0; i < rows.tasks.size(); ++i) {
    const TaskRows& task = rows.tasks[i];
    const std::string& name = task.task.name;
    const AnswerPasses passes{method.settings.batch_tokens, [&](std::int64_t done) {
                                progress.update(finished + done, name);
                                if (stop_requested()) throw Stopped();
                              }};
    if (!partial.has(i)) {
      std::optional<RoutingStatistics> statistics;
      if (method.routed && method.routed->has_weights()) statistics = method.routed->make_statistics();
      if (statistics) method.routed->observe(&*statistics);
      const std::vector<Sample> samples = answer_with(method, shared, task, passes);
      if (statistics) write_task_routing(partial.routing_file(i), name, *statistics, *method.routed);
      partial.save(i, samples);
    }
    finished += static_cast<std::int64_t>(task.samples.size());
    progress.update(finished, name);
  }
  progress.finish();
}

/// Joins the tasks' parts into the product, manifest last.
void write_product(const fs::path& out, const Suite& suite, const PartialResults& partial, bool routed,
                         const Provenance& provenance, const Json& manifest_body) {
  std::vector<Sample> samples;
  std::vector<fs::path> routing_parts;
  for (std::size_t i = 0; i < suite.tasks.size(); ++i) {
    std::ranges::move(partial.load(i), std::back_inserter(samples));
    routing_parts.push_back(partial.routing_file(i));
  }
  const SuiteScore scores = score_suite(suite.tasks, samples);
  std::vector<std::string> files = {"results.json", "run.json", "samples.jsonl"};
  write_samples(out / "samples.jsonl", samples);
  write_file(out / "results.json", results_json(suite, scores, provenance).dump(2) + "\n");
  if (routed) {
    join_routing(out / "routing.safetensors", routing_parts);
    files.push_back("routing.safetensors");
  }
  write_manifest(out, {kKind, manifest_body}, files);
  partial.remove();
}

Json record_of(EvalSettings settings, const Suite& suite, const Json& hashes) {
  std::vector<std::string> files = {settings.suite};
  for (const Task& task : suite.tasks) files.push_back(task.data.string());
  std::map<std::string, Json> contents = {{"model", hashes.at("base")}, {"suite", file_hashes(files)}};
  for (const char* part : {"expert", "routed"}) {
    if (hashes.contains(part)) contents[part] = hashes[part];
  }
  return run_record(settings.declare(), contents);
}

Provenance provenance_of(EvalSettings settings, const Json& hashes, at::ScalarType dtype) {
  Provenance provenance;
  provenance.settings = settings.declare().values();
  provenance.versions = {{"phatgoose", version()}, {"libtorch", TORCH_VERSION}};
  provenance.hashes = hashes;
  provenance.hashes["suite"] = content_hash_of_file(settings.suite);
  provenance.seed = settings.common.seed;
  provenance.dtype = dtype == at::kBFloat16 ? "bf16" : "fp32";
  return provenance;
}

/// One method into a directory of its own. False: a signal asked to stop.
bool evaluate_method(const EvalSettings& settings, Shared& shared, const std::string& title) {
  const fs::path out = settings.out;
  const Json hashes = part_hashes(settings);
  const Json record = record_of(settings, shared.suite, hashes);
  check_run(out, out, record);
  if (read_manifest(out, kKind)) {
    log_info(out.string() + " is finished; nothing to do");
    return true;
  }
  shared.prepare();
  Method method = adapt_to(settings, shared);
  if (method.routed && method.routed->routes_inputs()) {
    method.inputs.emplace(*shared.model, *method.routed, settings.routing.encoder, shared.rows->tokenizer_or_null(),
                          hashes.at("base").get<std::string>());
  }
  begin_run(out, record);
  const PartialResults partial(out);
  partial.create();
  try {
    answer_tasks(method, shared, partial, title);
  } catch (const Stopped&) {
    return false;
  }
  const bool weighted = method.routed && method.routed->has_weights();
  write_product(out, shared.suite, partial, weighted, provenance_of(settings, hashes, shared.dtype),
                {{"suite", shared.suite.name}});
  return true;
}

}  // namespace

std::optional<Evaluation> evaluate_suite(EvalSettings settings, at::Device device, at::ScalarType dtype) {
  settings.tasks = split_at_commas(settings.tasks);
  const Suite suite = only_tasks(read_suite(settings.suite), settings.tasks, settings.suite);
  const std::vector<EvalMethod> methods = methods_of(settings);
  Shared shared{settings, suite, device, dtype};
  std::vector<MethodResult> results, experts;
  for (const EvalMethod& method : methods) {
    const fs::path out = method.settings.out;
    if (!evaluate_method(method.settings, shared, methods.size() == 1 ? "eval" : method.name)) return std::nullopt;
    results.push_back({method.name, read_samples(out / "samples.jsonl"), read_results(out / "results.json").scores});
    if (!method.settings.experts.empty()) experts.push_back(results.back());
  }
  if (experts.size() > 1) std::ranges::move(reference_rows(suite.tasks, experts), std::back_inserter(results));
  return Evaluation{suite.tasks, std::move(results)};
}

}  // namespace phatgoose
