#include "phatgoose/report/inspection.h"

#include <algorithm>
#include <array>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/report/adapted_names.h"
#include "phatgoose/report/comparison.h"
#include "phatgoose/report/inspection_modular.h"
#include "phatgoose/report/inspection_task_moe.h"
#include "phatgoose/report/results.h"
#include "phatgoose/report/results_directory.h"
#include "phatgoose/report/task_similarity.h"
#include "phatgoose/store/expert_examination.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_directory.h"
#include "phatgoose/store/peft_settings.h"
#include "phatgoose/store/routed_model_directory.h"
#include "phatgoose/store/smallest_base.h"
#include "phatgoose/store/t5_checkpoint.h"
#include "phatgoose/store/task_vectors_directory.h"
#include "phatgoose/text/tokenizer.h"
#include "phatgoose/text/tokenizer_files.h"

namespace phatgoose {
namespace {

constexpr const char* kManifestFile = "manifest.json";
constexpr const char* kComparisonFile = "comparison.json";
constexpr const char* kRunFile = "run.json";
constexpr const char* kMetricsFile = "metrics.jsonl";
/// What a directory without a manifest is, by the first of these files that it has.
constexpr std::array<std::pair<const char*, const char*>, 6> kKindsByFile = {{{kRunFile, "run"},
                                                                              {kPeftConfigFile, kExpertKind},
                                                                              {kLeavesFile, kModularKind},
                                                                              {kResultsFile, kResultsKind},
                                                                              {kComparisonFile, "comparison"},
                                                                              {"config.json", kModelKind}}};
constexpr std::int64_t kMostBlocks = 1000;  // far more than any T5 has

/// Elements of all tensors, those that share their bytes counted once.
std::int64_t parameter_count(const TensorArchive& archive) {
  std::set<const std::byte*> seen;
  std::int64_t count = 0;
  for (const auto& [name, view] : archive.tensors()) {
    if (seen.insert(view.bytes.data()).second) count += count_of(view.shape);
  }
  return count;
}

Json dtypes_of(const TensorArchive& archive) {
  std::set<std::string> names;
  for (const auto& [name, view] : archive.tensors()) names.insert(name_of(view.dtype));
  return names;
}

void describe_model(const fs::path& directory, Json& found) {
  const T5Checkpoint checkpoint = open_t5_checkpoint(directory);
  const T5Config& config = checkpoint.config;
  found["architecture"] = config.feed_forward == FeedForwardKind::gated_gelu ? "T5 v1.1" : "T5 v1.0";
  found["encoder_layers"] = config.num_layers;
  found["decoder_layers"] = config.num_decoder_layers;
  found["d_model"] = config.d_model;
  found["d_ff"] = config.d_ff;
  found["heads"] = config.num_heads;
  found["head_size"] = config.d_kv;
  found["vocabulary"] = config.vocab_size;
  found["dropout"] = config.dropout_rate;
  found["adapted_linears"] = adapted_linears(config).size();
  found["parameters"] = parameter_count(*checkpoint.tensors);
  found["dtypes"] = dtypes_of(*checkpoint.tensors);
  found["tokenizer"] = has_tokenizer(directory);
  if (has_tokenizer(directory)) Tokenizer{directory};  // refuses one that is damaged
  found["fingerprint"] = base_fingerprint(directory);
}

/// Whether the file lacks factors that its configuration promises, as far as that can be told without the base: in the
/// blocks that it adapts, or in the first of a stack that it leaves alone. Nothing for experts of other models than T5.
void describe_missing(const ExpertDirectory& expert, Json& found) {
  std::set<std::string> paths, linears;
  for (const auto& [path, lora] : expert.loras()) paths.insert(path);
  T5Config base = smallest_base(paths);
  for (std::int64_t* blocks : {&base.num_layers, &base.num_decoder_layers}) {
    if (*blocks > kMostBlocks) return;
    *blocks = std::max<std::int64_t>(*blocks, 1);
  }
  for (const LinearSpec& linear : adapted_linears(base)) linears.insert(linear.path);
  if (!std::ranges::includes(linears, paths)) return;
  const std::vector<std::string> missing = expert.missing(base);
  found["partial"] = !missing.empty();
  if (missing.empty()) return;
  found["first_missing"] = missing.front();
  found["missing_at_least"] = missing.size();
}

void describe_expert(const fs::path& directory, const Json& body, Json& found) {
  const ExpertDirectory expert = ExpertDirectory::open(directory, /*check_values=*/false);
  std::set<std::int64_t> ranks;
  std::set<double> scales;
  std::set<std::string> dtypes;
  std::int64_t lora_parameters = 0, gate_parameters = 0;
  for (const auto& [path, lora] : expert.loras()) {
    ranks.insert(lora.rank);
    scales.insert(lora.scale);
    for (const TensorView* factor : {&lora.a, &lora.b}) dtypes.insert(name_of(factor->dtype));
    lora_parameters += count_of(lora.a.shape) + count_of(lora.b.shape);
  }
  for (const auto& [path, gate] : expert.gates()) gate_parameters += count_of(gate.shape);
  found["name"] = expert.name();
  found["base"] = body.contains("base") ? body["base"] : Json(nullptr);
  found["linears"] = expert.loras().size();
  found["adapts"] = adapted_names(expert.loras());
  describe_missing(expert, found);
  found["ranks"] = ranks;
  found["scales"] = scales;
  found["dtypes"] = dtypes;
  found["lora_parameters"] = lora_parameters;
  found["gate"] = expert.has_gate();
  if (const Json::json_pointer joint("/gate/joint"); body.contains(joint)) found["joint_gate"] = body[joint];
  found["gate_parameters"] = gate_parameters;
  if (body.contains("exported_from")) found["exported_from"] = body["exported_from"];
}

void describe_routed_model(const fs::path& directory, const Json& body, bool verify, Json& found) {
  const RoutedModelManifest model = read_routed_model(directory);
  found["base"] = body["base"];
  found["router"] = body["router"];
  Json& experts = found["experts"] = Json::array();
  for (const auto& reference : model.experts) {
    const fs::path path = directory / reference.path;
    if (verify) check_unchanged(ExpertDirectory::open(path), reference, model);
    experts.push_back({{"name", reference.name},
                       {"enabled", reference.enabled},
                       {"partial", reference.partial},
                       {"path", reference.path},
                       {"present", is_file(path / kPeftConfigFile)}});
  }
}

/// The numbers of checkpoints/step-N, in order.
Json checkpoint_steps(const fs::path& directory) {
  constexpr std::string_view kPrefix = "step-";
  std::set<std::int64_t> steps;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory / "checkpoints", error)) {
    const std::string name = entry.path().filename().string();
    const bool numbered =
        name.size() > kPrefix.size() && name.size() < 20 && name.starts_with(kPrefix) &&
        std::all_of(name.begin() + kPrefix.size(), name.end(), [](unsigned char c) { return c >= '0' && c <= '9'; });
    if (numbered && is_file(entry.path() / kManifestFile)) steps.insert(std::stoll(name.substr(kPrefix.size())));
  }
  return steps;
}

/// The last complete line of metrics.jsonl; null where there is none.
Json last_metrics(const fs::path& directory) {
  if (!is_file(directory / kMetricsFile)) return nullptr;
  const std::string text = read_file(directory / kMetricsFile);
  const std::size_t end = text.rfind('\n');
  if (end == std::string::npos) return nullptr;
  const std::size_t before = end == 0 ? std::string::npos : text.rfind('\n', end - 1);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return in(directory / kMetricsFile, [&] { return parse_json(std::string_view(text).substr(begin, end - begin)); });
}

void describe_run(const fs::path& directory, Json& found) {
  found["command"] =
      read_json(directory / kRunFile, [](const Json& run) { return json_get<std::string>(run, "command"); });
  found["checkpoints"] = checkpoint_steps(directory);
  found["last"] = last_metrics(directory);
}

void describe_comparison(const fs::path& directory, Json& found) {
  found["comparison"] = read_json(directory / kComparisonFile, [](const Json& json) {
    comparison_of(json);  // refuses one that is damaged
    return json;
  });
}

void describe_task_vectors(const fs::path& directory, const Json& body, Json& found) {
  const TaskVectors vectors = read_task_vectors(directory);
  found["method"] = vectors.method;
  found["base"] = body["base"];
  found["settings"] = body["settings"];
  found["dimension"] = vectors.dimension;
  found["tasks"] = vectors.tasks;
  const std::int64_t tasks = std::ssize(vectors.tasks);
  found["task_similarity"] = similarity_json(cosines(vectors.values, tasks), vectors.tasks.size());
}

/// By a file that tells; empty where there is none.
std::string kind_by_file(const fs::path& directory) {
  for (const auto& [file, kind] : kKindsByFile) {
    if (!is_file(directory / file)) continue;
    return kind == std::string_view(kExpertKind) && is_modular_directory(directory) ? kModularKind : kind;
  }
  return "";
}

/// The sub-directories that inspect_directory() knows, by name; others are left out.
std::vector<fs::path> known_directories(const fs::path& folder) {
  std::vector<fs::path> directories;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool known = is_file(entry.path() / kManifestFile) || !kind_by_file(entry.path()).empty();
    if (known) directories.push_back(entry.path());
  }
  std::ranges::sort(directories);
  return directories;
}

void describe_folder(const fs::path& folder, bool verify, Json& found) {
  Json& entries = found["directories"] = Json::array();
  for (const fs::path& directory : known_directories(folder)) entries.push_back(inspect_directory(directory, verify));
}

/// What a directory without a manifest looks like; empty when like nothing known.
std::string kind_without_manifest(const fs::path& directory) {
  const std::string kind = kind_by_file(directory);
  return !kind.empty() || known_directories(directory).empty() ? kind : "folder";
}

void check_readable(const fs::path& directory) {
  std::error_code error;
  if (fs::is_directory(directory, error)) return;
  const bool exists = fs::exists(directory, error);
  refuse(directory, exists ? "not a directory" : "no such directory", "a directory");
}

}  // namespace

Json inspect_directory(const fs::path& directory, bool verify) {
  check_readable(directory);
  const auto manifest = read_manifest(directory, {}, verify);
  const std::string kind = manifest ? manifest->kind : kind_without_manifest(directory);
  if (verify && !manifest && kind != "folder") {
    refuse(directory, "no manifest.json, so no hashes to verify", "a finished directory of phatgoose");
  }
  const Json body = manifest ? manifest->body : Json::object();
  Json found = {{"kind", kind}, {"path", directory.string()}, {"manifest", manifest.has_value()}};
  if (verify && manifest) found["verified"] = true;
  if (kind == kModelKind) {
    describe_model(directory, found);
  } else if (kind == kExpertKind) {
    describe_expert(directory, body, found);
  } else if (kind == kModularKind) {
    describe_modular(directory, body, found);
  } else if (kind == kTaskMoeKind) {
    describe_task_moe(directory, body, found);
  } else if (kind == kRoutedModelKind) {
    describe_routed_model(directory, body, verify, found);
  } else if (kind == kTaskVectorsKind) {
    describe_task_vectors(directory, body, found);
  } else if (kind == kResultsKind) {
    found["results"] = read_results(directory / kResultsFile).json;
  } else if (kind == "comparison") {
    describe_comparison(directory, found);
  } else if (kind == "folder") {
    describe_folder(directory, verify, found);
  } else if (kind == "run") {
    describe_run(directory, found);
  } else if (kind.empty()) {
    refuse(directory, "nothing that phatgoose knows",
           "a base model, an expert, a modular adapter, a mixture, a routed model, task vectors, a run, results, or a "
           "folder of these");
  } else {
    found["body"] = body;
  }
  return found;
}

}  // namespace phatgoose
