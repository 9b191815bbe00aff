#include "phatgoose/eval/suite_runner.h"

#include <fmt/format.h>
#include <torch/version.h>

#include <algorithm>

#include "phatgoose/base/log.h"
#include "phatgoose/base/progress.h"
#include "phatgoose/base/signals.h"
#include "phatgoose/base/version.h"
#include "phatgoose/eval/input_routing.h"
#include "phatgoose/eval/method_model.h"
#include "phatgoose/eval/methods.h"
#include "phatgoose/eval/partial_results.h"
#include "phatgoose/eval/routing_file.h"
#include "phatgoose/eval/suite_rows.h"
#include "phatgoose/report/results.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/router_kinds.h"
#include "phatgoose/store/run_record.h"

namespace phatgoose {
namespace {

constexpr const char* kKind = "results";

/// Thrown out of a task when a signal asks to stop; what the task has computed so far is given up.
struct Stopped {};

/// What is put on the base for one method.
Adaptation adaptation_of(const EvalSettings& settings) {
  const auto first = [](const std::vector<std::string>& directories) {
    return directories.empty() ? std::nullopt : std::optional(directories.front());
  };
  return {first(settings.experts), first(settings.routed), settings.routing.changes()};
}

/// For each method whether it takes its encoder states from a cache: those that leave the encoder as it is, where there
/// are several of them.
std::vector<bool> encoder_sharers(const std::vector<EvalMethod>& methods, std::int64_t megabytes) {
  std::vector<bool> sharers(methods.size(), false);
  if (methods.size() == 1 || megabytes == 0) return sharers;
  for (std::size_t i = 0; i < methods.size(); ++i) sharers[i] = leaves_encoder(adaptation_of(methods[i].settings));
  if (std::ranges::count(sharers, true) == 1) sharers.assign(sharers.size(), false);
  return sharers;
}

/// Whether a method's router looks at the texts of whole inputs.
bool needs_texts(const EvalMethod& method) {
  return std::ranges::any_of(method.settings.routed, [](const std::string& routed) {
    return router_kind(read_routed_model(routed).router, routed).has_encoder;
  });
}

/// Experts of another base are refused before anything is computed. Their values are looked at when they are loaded.
void check_experts(const std::vector<EvalMethod>& methods, const fs::path& base, const std::string& base_hash) {
  const T5Config config = read_t5_config(base);
  for (const EvalMethod& method : methods) {
    for (const std::string& expert : method.settings.experts) {
      ExpertDirectory::open(expert, /*check_values=*/false).check_base(config, base_hash);
    }
  }
}

/// What the methods of one call share. Rows and model are made when the first of them has something to compute.
class Shared {
 public:
  Shared(const EvalSettings& settings, at::Device device, at::ScalarType type)
      : suite(chosen_suite(settings)),
        methods(methods_of(settings)),
        dtype(type),
        base_hash(base_fingerprint(settings.model)),
        settings_(settings),
        device_(device),
        sharers_(encoder_sharers(methods, settings.encoder_cache)) {
    check_experts(methods, settings.model, base_hash);
    std::vector<std::string> files = {settings.suite};
    for (const Task& task : suite.tasks) files.push_back(task.data.string());
    suite_hashes = file_hashes(files);
  }

  void prepare() {
    if (model) return;
    rows.emplace(prepare_suite(suite, settings_, std::ranges::any_of(methods, needs_texts)));
    model.emplace(load_base(settings_.model, device_, dtype), base_hash);
    encoder.emplace(settings_.encoder_cache << 20);
  }

  /// Where method number `i` finds encoder states, or null.
  EncoderCache* encoder_for(std::size_t i) { return sharers_[i] ? &*encoder : nullptr; }
  /// Frees the encoder states when no method after number `i` asks for them.
  void finish(std::size_t i) {
    const auto next = sharers_.begin() + static_cast<std::ptrdiff_t>(i) + 1;
    if (!encoder || std::find(next, sharers_.end(), true) != sharers_.end()) return;
    if (encoder->reused() > 0) {
      log_info(fmt::format("encoder: {} batches computed for the methods that share it, {} reused", encoder->computed(),
                           encoder->reused()));
    }
    encoder.emplace(0);
  }

  const Suite suite;
  const std::vector<EvalMethod> methods;
  const at::ScalarType dtype;
  const std::string base_hash;
  Json suite_hashes;  // of the suite's file, then of each task's data
  std::optional<SuiteRows> rows;
  std::optional<MethodModel> model;
  std::optional<EncoderCache> encoder;

 private:
  const EvalSettings& settings_;
  at::Device device_;
  std::vector<bool> sharers_;
};

/// What names the parts of the model: hashes of "base", and of "expert" or "routed".
Json part_hashes(const EvalSettings& settings, const std::string& base_hash) {
  Json hashes = {{"base", base_hash}};
  for (const std::string& expert : settings.experts) {
    hashes["expert"] = ExpertDirectory::open(expert, /*check_values=*/false).adapter_hash();
  }
  for (const std::string& routed : settings.routed) {
    hashes["routed"] = content_hash_of_file(fs::path(routed) / "manifest.json");
  }
  return hashes;
}

/// One method on the shared model.
struct Method {
  const EvalSettings& settings;
  RoutedModel* routed;    ///< null where nothing is routed
  EncoderCache* encoder;  ///< null where its encoder states are its own
  std::optional<InputRouting> inputs = std::nullopt;

  bool has_weights() const { return routed != nullptr && routed->has_weights(); }
};

Method put_on(const EvalSettings& settings, Shared& shared, EncoderCache* encoder) {
  Method method{settings, shared.model->put_on(adaptation_of(settings)), encoder};
  if (method.routed != nullptr && method.routed->routes_inputs()) {
    method.inputs.emplace(shared.model->model(), *method.routed, settings.routing.encoder,
                          shared.rows->tokenizer_or_null(), shared.base_hash);
  }
  return method;
}

/// The task's samples, answered with what the router knows of its inputs.
std::vector<Sample> answer_with(Method& method, const Shared& shared, const TaskRows& task,
                                const AnswerPasses& passes) {
  const Tokenizer* tokenizer = shared.rows->tokenizer_or_null();
  if (method.settings.exclude_own) method.routed->exclude(task.task.name);
  if (!method.inputs) return answer_task(shared.model->model(), tokenizer, task, passes);
  TaskRows routed = task;
  std::vector<std::vector<float>> scores = method.inputs->scores(task.texts);
  for (std::size_t row = 0; row < scores.size(); ++row) routed.questions[row].expert_scores = std::move(scores[row]);
  return answer_task(shared.model->model(), tokenizer, routed, passes);
}

/// Answers every task that `partial` lacks.
void answer_tasks(Method& method, const Shared& shared, const PartialResults& partial, const std::string& title) {
  const SuiteRows& rows = *shared.rows;
  Progress progress(title, rows.count, "rows");
  std::int64_t finished = 0;
  for (std::size_t i = 0; i < rows.tasks.size(); ++i) {
    const TaskRows& task = rows.tasks[i];
    const std::string& name = task.task.name;
    const auto on_rows = [&](std::int64_t done) {
      progress.update(finished + done, name);
      if (stop_requested()) throw Stopped();
    };
    if (!partial.has(i)) {
      std::optional<RoutingStatistics> statistics;
      if (method.has_weights()) statistics = method.routed->make_statistics();
      if (statistics) method.routed->observe(&*statistics);
      const AnswerPasses passes{method.settings.batch_tokens, on_rows, method.encoder};
      const std::vector<Sample> samples = answer_with(method, shared, task, passes);
      if (statistics) method.routed->observe(nullptr);
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

Json record_of(EvalSettings settings, const Json& suite_hashes, const Json& hashes) {
  std::map<std::string, Json> contents = {{"model", hashes.at("base")}, {"suite", suite_hashes}};
  for (const char* part : {"expert", "routed"}) {
    if (hashes.contains(part)) contents[part] = hashes[part];
  }
  return run_record(settings.declare(), contents);
}

Provenance provenance_of(EvalSettings settings, const Json& hashes, const Shared& shared) {
  Provenance provenance;
  provenance.settings = settings.declare().values();
  provenance.versions = {{"phatgoose", version()}, {"libtorch", TORCH_VERSION}};
  provenance.hashes = hashes;
  provenance.hashes["suite"] = shared.suite_hashes.front();
  provenance.seed = settings.common.seed;
  provenance.dtype = shared.dtype == at::kBFloat16 ? "bf16" : "fp32";
  return provenance;
}

/// Method number `i` into a directory of its own. False: a signal asked to stop.
bool evaluate_method(std::size_t i, Shared& shared) {
  const EvalSettings& settings = shared.methods[i].settings;
  const fs::path out = settings.out;
  const Json hashes = part_hashes(settings, shared.base_hash);
  const Json record = record_of(settings, shared.suite_hashes, hashes);
  check_run(out, out, record);
  if (read_manifest(out, kKind)) {
    log_info(out.string() + " is finished; nothing to do");
    return true;
  }
  shared.prepare();
  Method method = put_on(settings, shared, shared.encoder_for(i));
  begin_run(out, record);
  const PartialResults partial(out);
  partial.create();
  try {
    answer_tasks(method, shared, partial, shared.methods.size() == 1 ? "eval" : shared.methods[i].name);
  } catch (const Stopped&) {
    return false;
  }
  write_product(out, shared.suite, partial, method.has_weights(), provenance_of(settings, hashes, shared),
                {{"suite", shared.suite.name}});
  return true;
}

}  // namespace

std::optional<Evaluation> evaluate_suite(EvalSettings settings, at::Device device, at::ScalarType dtype) {
  settings.tasks = split_at_commas(settings.tasks);
  Shared shared(settings, device, dtype);
  std::vector<MethodResult> results, experts;
  for (std::size_t i = 0; i < shared.methods.size(); ++i) {
    if (!evaluate_method(i, shared)) return std::nullopt;
    shared.finish(i);
    const auto& [name, method] = shared.methods[i];
    const fs::path out = method.out;
    results.push_back({name, read_samples(out / "samples.jsonl"), read_results(out / "results.json").scores});
    if (!method.experts.empty()) experts.push_back(results.back());
  }
  if (experts.size() > 1) std::ranges::move(reference_rows(shared.suite.tasks, experts), std::back_inserter(results));
  if (results.size() == 1) return Evaluation{std::move(results), std::nullopt};
  Comparison comparison = compare(shared.suite.tasks, results, settings.compare_to.value_or(results.front().name));
  write_file(fs::path(settings.out) / "comparison.json", comparison_json(comparison).dump(2) + "\n");
  return Evaluation{std::move(results), std::move(comparison)};
}

}  // namespace phatgoose
