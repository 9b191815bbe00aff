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
#include "phatgoose/eval/partial_results.h"
#include "phatgoose/eval/routing_file.h"
#include "phatgoose/eval/task_answers.h"
#include "phatgoose/report/results.h"
#include "phatgoose/routing/adapted_model.h"
#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_record.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {
namespace {

constexpr const char* kKind = "results";

/// Thrown out of a task when a signal asks to stop; what the task has computed so far is given up.
struct Stopped {};

std::vector<std::string> split_at_commas(const std::vector<std::string>& values) {
  std::vector<std::string> parts;
  for (const std::string& value : values) {
    std::size_t begin = 0;
    while (begin <= value.size()) {
      const std::size_t end = std::min(value.find(',', begin), value.size());
      if (end > begin) parts.push_back(value.substr(begin, end - begin));
      begin = end + 1;
    }
  }
  return parts;
}

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

SuiteRows prepare_suite(const Suite& suite, const EvalSettings& settings) {
  const std::int64_t vocab_size = read_t5_config(settings.model).vocab_size;
  const std::vector<std::vector<Record>> records = read_all_records(suite, settings.limit);
  SuiteRows rows{tokenizer_for(settings.model, records, vocab_size), {}, 0};
  for (std::size_t i = 0; i < records.size(); ++i) {
    rows.tasks.push_back(prepare_task(suite.tasks[i], records[i], rows.tokenizer_or_null(), vocab_size));
    rows.count += static_cast<std::int64_t>(records[i].size());
  }
  return rows;
}

/// What names the parts of the model: hashes of "base", and of "expert" or "routed".
Json part_hashes(const EvalSettings& settings) {
  Json hashes = {{"base", base_fingerprint(settings.model)}};
  if (settings.expert) hashes["expert"] = ExpertDirectory::open(*settings.expert).adapter_hash();
  if (settings.routed) hashes["routed"] = content_hash_of_file(fs::path(*settings.routed) / "manifest.json");
  return hashes;
}

/// Answers every task that `partial` lacks.
void answer_tasks(const AdaptedModel& adapted, const SuiteRows& rows, std::int64_t batch_tokens,
                  const PartialResults& partial) {
  Progress progress("eval", rows.count, "rows");
  std::int64_t finished = 0;
  for (std::size_t i = 0; i < rows.tasks.size(); ++i) {
    const TaskRows& task = rows.tasks[i];
    const std::string& name = task.task.name;
    const AnswerPasses passes{batch_tokens, [&](std::int64_t done) {
                                progress.update(finished + done, name);
                                if (stop_requested()) throw Stopped();
                              }};
    if (!partial.has(i)) {
      std::optional<RoutingStatistics> statistics;
      if (adapted.routed) statistics = adapted.routed->make_statistics();
      if (statistics) adapted.routed->observe(&*statistics);
      const std::vector<Sample> samples = answer_task(adapted.model, rows.tokenizer_or_null(), task, passes);
      if (statistics) write_task_routing(partial.routing_file(i), name, *statistics, *adapted.routed);
      partial.save(i, samples);
    }
    finished += static_cast<std::int64_t>(task.samples.size());
    progress.update(finished, name);
  }
  if (adapted.routed) adapted.routed->observe(nullptr);
  progress.finish();
}

/// Joins the tasks' parts into the product, manifest last.
SuiteScore write_product(const fs::path& out, const Suite& suite, const PartialResults& partial, bool routed,
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
  return scores;
}

}  // namespace

std::optional<SuiteScore> evaluate_suite(EvalSettings settings, at::Device device, at::ScalarType dtype) {
  settings.tasks = split_at_commas(settings.tasks);
  const Suite suite = only_tasks(read_suite(settings.suite), settings.tasks, settings.suite);
  std::vector<std::string> files = {settings.suite};
  for (const Task& task : suite.tasks) files.push_back(task.data.string());
  const Json hashes = part_hashes(settings);

  const OptionSet options = settings.declare();
  std::map<std::string, Json> contents = {{"model", hashes.at("base")}, {"suite", file_hashes(files)}};
  for (const char* part : {"expert", "routed"}) {
    if (hashes.contains(part)) contents[part] = hashes[part];
  }
  const Json record = run_record(options, contents);
  const fs::path out = settings.out;
  check_run(out, out, record);
  if (read_manifest(out, kKind)) {
    log_info(out.string() + " is finished; nothing to do");
    return read_results(out / "results.json").scores;
  }

  const SuiteRows rows = prepare_suite(suite, settings);
  const AdaptedModel adapted = load_adapted_model(settings.model, settings.expert, settings.routed, device, dtype);
  begin_run(out, record);
  const PartialResults partial(out);
  partial.create();
  try {
    answer_tasks(adapted, rows, settings.batch_tokens, partial);
  } catch (const Stopped&) {
    return std::nullopt;
  }
  Provenance provenance;
  provenance.settings = options.values();
  provenance.versions = {{"phatgoose", version()}, {"libtorch", TORCH_VERSION}};
  provenance.hashes = hashes;
  provenance.hashes["suite"] = content_hash_of_file(settings.suite);
  provenance.seed = settings.common.seed;
  provenance.dtype = dtype == at::kBFloat16 ? "bf16" : "fp32";
  return write_product(out, suite, partial, adapted.routed.has_value(), provenance, {{"suite", suite.name}});
}

}  // namespace phatgoose
