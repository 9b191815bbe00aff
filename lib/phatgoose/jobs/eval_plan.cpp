#include "phatgoose/jobs/eval_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/version.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/option_values.h"
#include "phatgoose/base/version.h"
#include "phatgoose/data/base_hashes.h"
#include "phatgoose/data/chosen_suite.h"
#include "phatgoose/jobs/modular_choice.h"
#include "phatgoose/jobs/task_moe_choice.h"
#include "phatgoose/settings/method_file.h"
#include "phatgoose/settings/named_directories.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/modular_directory.h"
#include "phatgoose/store/named_directory.h"
#include "phatgoose/store/task_moe_directory.h"

namespace phatgoose {
namespace {

/// Settings of a methods file that do not fit are bad data at their entry, `source`.
template <typename Work>
auto in_source(const std::string& source, Work work) {
  return source.empty() ? work() : in_data(source, work);
}

/// A shard has rows, but no scores.
std::optional<Shard> shard_of(const EvalSettings& settings) {
  if (!settings.shard) return std::nullopt;
  if (settings.json) {
    refuse_usage("--json", "--shard, whose rows are not scored", "one of them",
                 "phatgoose score --join has the scores of all shards");
  }
  return parse_shard(*settings.shard);
}

/// The methods of --base, --expert, --library, --routed, --modular and --task-moe, as a methods file would list them.
std::vector<MethodEntry> command_line_entries(const EvalSettings& settings) {
  std::vector<MethodEntry> entries;
  const bool nothing = settings.experts.empty() && !settings.library && settings.routed.empty() &&
                       settings.modular.empty() && settings.task_moe.empty() && !settings.methods;
  if (settings.base || nothing) entries.push_back({.name = "base"});
  for (const NamedDirectory& expert : all_experts(settings.experts, settings.library)) {
    const std::string name = ExpertDirectory::open(expert, /*check_values=*/false).name();
    entries.push_back({.name = name, .expert = expert.path.string()});
  }
  for (const NamedDirectory& routed : named_directories(settings.routed, "--routed")) {
    MethodEntry& entry = entries.emplace_back();
    entry.name = routed.name.empty() ? full_path(routed.path).filename().string() : routed.name;
    entry.routed = routed.path.string();
    entry.exclude_own = settings.exclude_own;
    entry.routing = settings.routing;
    entry.routing.enabled = split_at_commas(settings.routing.enabled);
  }
  for (const NamedDirectory& modular : named_directories(settings.modular, "--modular")) {
    const std::string name = modular.name.empty() ? ModularDirectory::open(modular.path, false).name() : modular.name;
    entries.push_back({.name = name, .modular = modular.path.string(), .unknown_task = settings.unknown_task});
  }
  for (const NamedDirectory& mixture : named_directories(settings.task_moe, "--task-moe")) {
    const std::string name =
        mixture.name.empty() ? TaskMoeDirectory::open(mixture.path, false).manifest().name : mixture.name;
    entries.push_back({.name = name,
                       .task_moe = mixture.path.string(),
                       .route = settings.route,
                       .task_vectors = settings.task_vectors});
  }
  return entries;
}

void check_names(const std::vector<MethodEntry>& entries, const std::optional<std::string>& compare_to) {
  std::set<std::string> names;
  for (const MethodEntry& entry : entries) {
    if (names.insert(entry.name).second) continue;
    refuse_usage("--base, --expert, --routed, --modular, --task-moe, --methods", "two methods called " + entry.name,
                 "names that differ", "give one of them another name: NAME=DIR");
  }
  if (!compare_to) return;
  if (entries.size() == 1) {
    refuse_usage("--compare-to", "only one method, " + entries.front().name, "several methods to compare");
  }
  if (names.contains(*compare_to)) return;
  refuse_usage("--compare-to", "\"" + *compare_to + "\"", "the name of an evaluated method",
               did_you_mean(*compare_to, {names.begin(), names.end()}));
}

/// Those of the command line, then those of the methods file.
std::vector<MethodEntry> all_entries(const EvalSettings& settings) {
  std::string changes = settings.routing.given();
  if (settings.exclude_own) changes += changes.empty() ? "--exclude-own" : ", --exclude-own";
  if (settings.routed.empty() && !changes.empty()) {
    refuse_usage(changes, "no --routed", "a routed model to apply it to",
                 settings.methods ? "in a methods file, write it next to routed" : "");
  }
  if (settings.modular.empty() && settings.unknown_task) {
    refuse_usage("--unknown-task", "no --modular", "a modular adapter to apply it to",
                 settings.methods ? "in a methods file, write it next to modular" : "");
  }
  if (settings.task_moe.empty() && (settings.route || settings.task_vectors)) {
    refuse_usage(settings.route ? "--route" : "--vectors", "no --task-moe", "a task-level mixture to apply it to",
                 settings.methods ? "in a methods file, write it next to task-moe" : "");
  }
  std::vector<MethodEntry> entries = command_line_entries(settings);
  if (settings.methods) std::ranges::move(read_methods(*settings.methods), std::back_inserter(entries));
  check_names(entries, settings.compare_to);
  return entries;
}

/// Reads the manifest of what tells tasks apart or of a routed model, and tries on the latter what the entry changes.
EvalMethod method_of(const MethodEntry& entry) {
  EvalMethod method{.name = entry.name, .adaptation = PlainBase{}};
  if (entry.expert) method.adaptation = PlainExpert{*entry.expert};
  if (entry.modular) {
    const ModularChoice choice{*entry.modular, new_task(entry.unknown_task)};
    method.task_numbers = task_numbers_of(choice);
    method.adaptation = choice;
  }
  if (entry.task_moe) {
    const TaskMoeChoice choice = task_moe_choice(*entry.task_moe, entry.route, entry.task_vectors);
    method.task_numbers = task_numbers_of(choice);
    method.adaptation = choice;
  }
  if (!entry.routed) return method;
  RoutedModelDirectory routed = RoutedModelDirectory::open(*entry.routed, entry.routing);
  method.router = &router_kind(routed.manifest.routing.router, *entry.routed);
  method.adaptation = std::move(routed);
  method.encoder = entry.routing.encoder;
  const auto& descriptions = entry.routing.descriptions;
  if (method.router->describes()) {
    method.descriptions = descriptions ? Descriptions::read(*descriptions) : Descriptions();
  }
  method.exclude_own = entry.exclude_own;
  if (!method.exclude_own || !method.uses_labels()) return method;
  // a labelled token whose expert is excluded could not be routed
  refuse_usage("--exclude-own",
               fmt::format("exclude-own for {}, whose router is {}", *entry.routed, method.router->name),
               "a router that chooses among the other experts");
}

/// A sentence encoder is for routers that compare whole inputs: an entry of a methods file that names one must have
/// such a router, and of the routed models on the command line one at least.
void check_encoders(const std::vector<MethodEntry>& entries, const std::vector<EvalMethod>& methods) {
  const auto known = router_names(&RouterKind::embeds);
  bool given = false, used = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!methods[i].encoder) continue;
    const bool compares = methods[i].router->embeds();
    if (!entries[i].source.empty() && !compares) {
      refuse(entries[i].source,
             fmt::format("an encoder for {}, whose router is {}", *entries[i].routed, methods[i].router->name),
             fmt::format("a router that compares inputs: {}", fmt::join(known, ", ")));
    }
    if (!entries[i].source.empty()) continue;
    given = true;
    used = used || compares;
  }
  if (!given || used) return;
  refuse_usage("--encoder", "no --routed whose router compares inputs",
               fmt::format("a routed model with the router {}", fmt::join(known, " or ")));
}

/// A rule for unknown tasks is for adapters that mix by task: an entry of a methods file that has one must be such an
/// adapter, and of those on the command line one at least.
void check_unknown_tasks(const std::vector<MethodEntry>& entries, const std::vector<EvalMethod>& methods) {
  bool given = false, used = false;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].unknown_task) continue;
    const bool has_tasks = methods[i].task_numbers.has_value();
    if (!entries[i].source.empty() && !has_tasks) {
      refuse(entries[i].source,
             fmt::format("unknown-task for {}, which is the same for every task", *entries[i].modular),
             "an adapter that mixes by task");
    }
    if (!entries[i].source.empty()) continue;
    given = true;
    used = used || has_tasks;
  }
  if (!given || used) return;
  refuse_usage("--unknown-task", "no --modular that mixes by task", "an adapter of another method than tlora");
}

/// Of several methods each has a directory of its name; what an expert is called comes from its manifest.
void check_directories(const std::vector<MethodEntry>& entries) {
  for (const MethodEntry& entry : entries) {
    const std::optional<std::string>& directory = entry.expert    ? entry.expert
                                                  : entry.modular ? entry.modular
                                                                  : entry.task_moe;
    if (!directory || is_expert_name(entry.name)) continue;
    refuse(*directory,
           fmt::format("{} called \"{}\"",
                       entry.expert    ? "an expert"
                       : entry.modular ? "an adapter"
                                       : "a mixture",
                       entry.name),
           kExpertNameRule);
  }
}

bool has_task(const Suite& suite, const std::string& name) {
  return std::ranges::find(suite.tasks, name, &Task::name) != suite.tasks.end();
}

RowNeeds needs_of(const Task& task, const std::vector<EvalMethod>& methods) {
  RowNeeds needs;
  for (const EvalMethod& method : methods) {
    if (method.router == nullptr || !has_task(method.suite, task.name)) continue;
    needs.texts |= method.router->embeds() && !method.router->describes();
    needs.labels |= method.router->follows_labels;
  }
  return needs;
}

/// Methods that leave the encoder as it is share its states, where there are several of them.
void share_encoder(std::vector<EvalMethod>& methods, std::int64_t cache) {
  if (methods.size() == 1 || cache == 0) return;
  for (EvalMethod& method : methods) method.shares_encoder = leaves_encoder(method.adaptation);
  if (std::ranges::count(methods, true, &EvalMethod::shares_encoder) > 1) return;
  for (EvalMethod& method : methods) method.shares_encoder = false;
}

/// Experts of another base are refused. Their values are looked at when they are loaded.
void check_base(const EvalPlan& plan) {
  const T5Config config = read_t5_config(plan.base);
  for (const EvalMethod& method : plan.methods) {
    if (const auto* expert = std::get_if<PlainExpert>(&method.adaptation)) {
      const ExpertDirectory opened = ExpertDirectory::open(expert->directory, /*check_values=*/false);
      opened.check_base(config, plan.base_hash, plan.allow_partial);
    }
    if (const auto* routed = std::get_if<RoutedModelDirectory>(&method.adaptation)) routed->check_base(plan.base_hash);
    if (const auto* modular = std::get_if<ModularChoice>(&method.adaptation)) {
      ModularDirectory::open(modular->directory, /*check_values=*/false).check_base(config, plan.base_hash);
    }
    if (const auto* mixture = std::get_if<TaskMoeChoice>(&method.adaptation)) {
      TaskMoeDirectory::open(mixture->directory, /*check_values=*/false).check_base(config, plan.base_hash);
    }
  }
}

/// What the records and results of methods say of the files that they are computed from.
class Records {
 public:
  Records(const EvalSettings& settings, const EvalPlan& plan)
      : settings_(settings), plan_(plan), base_(base_hashes(plan.base, plan.base_hash)) {
    std::vector<std::string> files = {suite_file(settings.suite).string()};
    for (const Task& task : plan.suite.tasks) files.push_back(task.data.string());
    suite_ = file_hashes(files);
  }

  void add_to(EvalMethod& method, const MethodEntry& entry) const {
    EvalSettings settings = alone(entry, method.out);
    const OptionSet options = settings.declare();
    std::map<std::string, Json> contents = {{"model", base_}, {"suite", suite_of(method)}};
    Json hashes = {{"base", plan_.base_hash}};
    const auto note = [&](const char* part, const std::string& hash) { contents[part] = hashes[part] = hash; };
    if (const auto* expert = std::get_if<PlainExpert>(&method.adaptation)) {
      note("expert", ExpertDirectory::open(expert->directory, /*check_values=*/false).adapter_hash());
    }
    if (const auto* routed = std::get_if<RoutedModelDirectory>(&method.adaptation)) {
      note("routed", content_hash_of_file(routed->path / "manifest.json"));
      for (const auto& expert : routed->manifest.experts) hashes["experts"][expert.name] = expert.files;
    }
    if (const auto* modular = std::get_if<ModularChoice>(&method.adaptation)) {
      const ModularDirectory opened = ModularDirectory::open(modular->directory, /*check_values=*/false);
      note("modular", opened.hash());
      contents["modular"] = {hashes["modular"], opened.tasks()};
    }
    if (const auto* mixture = std::get_if<TaskMoeChoice>(&method.adaptation)) {
      const TaskMoeDirectory opened = TaskMoeDirectory::open(mixture->directory, /*check_values=*/false);
      hashes["task-moe"] = opened.hashes();
      contents["task-moe"] = {hashes["task-moe"], opened.manifest().tasks};
      if (mixture->task_vectors) note("vectors", content_hash_of_file(*mixture->task_vectors / "manifest.json"));
    }
    if (entry.routing.descriptions) note("descriptions", content_hash_of_file(*entry.routing.descriptions));
    hashes["suite"] = suite_.front();
    method.record = run_record(options, contents);
    method.provenance = {.settings = options.values(),
                         .versions = {{"phatgoose", version()}, {"libtorch", TORCH_VERSION}},
                         .hashes = std::move(hashes),
                         .seed = settings.common.seed,
                         .dtype = {},
                         .uses_labels = method.uses_labels()};
  }

 private:
  /// The settings of a call that evaluates this method only.
  EvalSettings alone(const MethodEntry& entry, const fs::path& out) const {
    const auto listed = [](const std::optional<std::string>& directory) {
      return directory ? std::vector{*directory} : std::vector<std::string>();
    };
    EvalSettings settings = settings_;
    static_cast<MethodOptions&>(settings) = {.experts = listed(entry.expert),
                                             .routed = listed(entry.routed),
                                             .modular = listed(entry.modular),
                                             .task_moe = listed(entry.task_moe),
                                             .exclude_own = entry.exclude_own,
                                             .unknown_task = entry.unknown_task,
                                             .route = entry.route,
                                             .task_vectors = entry.task_vectors,
                                             .routing = entry.routing};
    if (!entry.tasks.empty()) settings.tasks = entry.tasks;
    settings.out = out;
    settings.json = false;
    return settings;
  }

  /// Hashes of the suite's file, then of the data of each of the method's tasks.
  Json suite_of(const EvalMethod& method) const {
    Json hashes = {suite_.front()};
    for (std::size_t i = 0; i < plan_.suite.tasks.size(); ++i) {
      if (has_task(method.suite, plan_.suite.tasks[i].name)) hashes.push_back(suite_[i + 1]);
    }
    return hashes;
  }

  const EvalSettings& settings_;
  const EvalPlan& plan_;
  Json base_, suite_;
};

}  // namespace

EvalPlan plan_evaluation(EvalSettings settings) {
  if (settings.limit_seed && !settings.limit) refuse_usage("--limit-seed", "no --limit", "the number of rows to draw");
  settings.tasks = split_at_commas(settings.tasks);
  EvalPlan plan{.base = settings.model,
                .allow_partial = settings.allow_partial,
                .suite = chosen_suite({.suite = settings.suite,
                                       .data_dir = settings.data_dir,
                                       .tasks = settings.tasks,
                                       .allow_missing = settings.allow_missing}),
                .rows = {.limit = settings.limit,
                         .seed = settings.limit_seed,
                         .line_limit = settings.reading.line_limit(),
                         .skip_bad = settings.reading.skip_bad_rows},
                .shard = shard_of(settings),
                .pass_tokens = settings.pass_tokens,
                .encoder_cache_bytes = settings.encoder_cache << 20,
                .out = settings.out};
  const std::vector<MethodEntry> entries = all_entries(settings);
  for (const MethodEntry& entry : entries) {
    plan.methods.push_back(in_source(entry.source, [&] { return method_of(entry); }));
  }
  check_encoders(entries, plan.methods);
  check_unknown_tasks(entries, plan.methods);
  plan.reference = settings.compare_to.value_or(entries.front().name);
  const bool apart = entries.size() > 1 || settings.methods;
  if (apart) check_directories(entries);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    plan.methods[i].out = apart ? plan.out / entries[i].name : plan.out;
    plan.methods[i].suite = in_source(entries[i].source, [&] { return with_tasks(plan.suite, entries[i].tasks); });
  }
  for (const Task& task : plan.suite.tasks) plan.needs.push_back(needs_of(task, plan.methods));
  plan.base_hash = base_fingerprint(plan.base);
  share_encoder(plan.methods, plan.encoder_cache_bytes);
  check_base(plan);
  const Records records(settings, plan);
  for (std::size_t i = 0; i < entries.size(); ++i) records.add_to(plan.methods[i], entries[i]);
  for (const EvalMethod& method : plan.methods) check_run(method.out, method.out, method.record);
  return plan;
}

}  // namespace phatgoose
