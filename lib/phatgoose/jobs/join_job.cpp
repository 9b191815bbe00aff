#include "phatgoose/jobs/join_job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/jobs/shard.h"
#include "phatgoose/report/results.h"
#include "phatgoose/report/results_directory.h"
#include "phatgoose/settings/run_record.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/run_lock.h"

namespace phatgoose {
namespace {

/// What one shard has of one method.
struct MethodShard {
  fs::path directory;
  std::string number;  ///< "2/3"
  Shard shard;
  Json record, frame;
};

MethodShard read_shard(const fs::path& directory) {
  if (!read_manifest(directory, kResultsShardKind, /*verify_hashes=*/true)) {
    const bool begun = run_has_begun(directory);
    refuse(directory, begun ? "an unfinished shard" : "no shard of an evaluation",
           "what phatgoose eval --shard has finished", begun ? "run its command again, which finishes it" : "");
  }
  MethodShard shard{.directory = directory, .number = {}, .shard = {}, .record = {}, .frame = {}};
  shard.record = read_json((directory / "run.json").string());
  shard.frame = read_json((directory / kShardFile).string());
  in_data(directory / "run.json", [&] {
    shard.number = json_get<std::string>(shard.record, "shard");
    shard.shard = parse_shard(shard.number);
    shard.record["shard"] = nullptr;
  });
  return shard;
}

/// They must be of one evaluation, with every number once.
void check_shards(const std::vector<MethodShard>& shards) {
  const MethodShard& first = shards.front();
  std::map<std::size_t, fs::path> found;
  for (const MethodShard& shard : shards) {
    if (shard.shard.count != first.shard.count) {
      refuse(shard.directory, "shard " + shard.number,
             fmt::format("one of {}, as in {}", first.shard.count, first.directory.string()));
    }
    if (const auto difference = first_difference(first.record, shard.record)) {
      refuse(shard.directory, "another --" + *difference + " than " + first.directory.string(),
             "shards of one evaluation");
    }
    if (shard.frame.at("versions") != first.frame.at("versions")) {
      refuse(shard.directory, "results of another version than " + first.directory.string(), "shards of one version");
    }
    const auto [other, is_new] = found.emplace(shard.shard.index, shard.directory);
    if (!is_new)
      refuse(shard.directory, "shard " + shard.number + ", which " + other->second.string() + " is too", "each once");
  }
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < first.shard.count; ++i) {
    if (!found.contains(i)) missing.push_back(fmt::format("{}/{}", i + 1, first.shard.count));
  }
  if (missing.empty()) return;
  refuse("--join", fmt::format("{} of {} shards", found.size(), first.shard.count),
         fmt::format("also {}", fmt::join(missing, ", ")));
}

/// The shards' samples in the order of a single run: task by task, by row.
std::vector<Sample> joined_samples(const std::vector<MethodShard>& shards, const Suite& suite) {
  std::map<std::string, std::vector<Sample>> by_task;
  for (const MethodShard& shard : shards) {
    for (Sample& sample : read_samples(shard.directory / kSamplesFile))
      by_task[sample.task].push_back(std::move(sample));
  }
  std::vector<Sample> joined;
  for (const Task& task : suite.tasks) {
    std::vector<Sample>& samples = by_task[task.name];
    std::ranges::sort(samples, {}, &Sample::row);
    std::ranges::move(samples, std::back_inserter(joined));
  }
  return joined;
}

/// The time of all shards together, and of each.
void join_timing(Json& frame, const std::vector<MethodShard>& shards, const Suite& suite, std::int64_t rows) {
  Timing timing{.task_seconds = std::vector<double>(suite.tasks.size())};
  Json each = Json::array();
  for (const MethodShard& shard : shards) {
    const Json& part = each.emplace_back(shard.frame.at("timing"));
    for (std::size_t i = 0; i < suite.tasks.size(); ++i) {
      timing.task_seconds[i] += part.at("tasks").at(suite.tasks[i].name).get<double>();
    }
    timing.peak_memory = std::max(timing.peak_memory, part.at("peak_memory_mib").get<std::int64_t>() << 20);
    if (const Json& device = part.at("device_memory_mib"); !device.is_null()) {
      timing.peak_device_memory = std::max(timing.peak_device_memory.value_or(0), device.get<std::int64_t>() << 20);
    }
  }
  set_timing(frame, suite, timing, rows);
  frame["timing"]["shards"] = std::move(each);
}

/// results.json without scores, as a single run with this --out would have it.
Json joined_frame(const std::vector<MethodShard>& shards, const fs::path& out) {
  Json frame = shards.front().frame;
  frame["settings"]["shard"] = nullptr;
  frame["settings"]["out"] = out.string();
  for (const char* key : {"device", "processor"}) {
    std::set<std::string> values;
    for (const MethodShard& shard : shards) values.insert(shard.frame.at(key).get<std::string>());
    frame[key] = fmt::format("{}", fmt::join(values, "; "));
  }
  return frame;
}

void join_method(const std::vector<fs::path>& directories, const fs::path& out) {
  std::vector<MethodShard> shards;
  for (const fs::path& directory : directories) shards.push_back(read_shard(directory));
  std::ranges::sort(shards, {}, [](const MethodShard& shard) { return shard.shard.index; });
  check_shards(shards);
  const Json& record = shards.front().record;
  check_run(out, out, record);
  if (read_finished(out, kResultsKind)) return log_info(out.string() + " is finished; nothing to do");
  const RunLock lock(out);
  begin_run(out, record);
  MethodAnswers answers{.frame = joined_frame(shards, out), .samples = {}, .routing = {}};
  const Suite suite = suite_of_results(answers.frame);
  answers.samples = joined_samples(shards, suite);
  join_timing(answers.frame, shards, suite, std::ssize(answers.samples));
  for (const MethodShard& shard : shards) {
    if (is_file(shard.directory / kRoutingFile)) answers.routing.push_back(shard.directory / kRoutingFile);
  }
  write_results(out, std::move(answers));
}

/// The methods of a shard that holds several: with the same tasks and reference in all shards.
EvaluatedMethods common_methods(const std::vector<fs::path>& shards) {
  EvaluatedMethods first = read_evaluated_methods(shards.front());
  const auto names = [](const EvaluatedMethods& evaluated) {
    std::vector<std::string> all;
    for (const EvaluatedMethod& method : evaluated.methods) all.push_back(method.name);
    return all;
  };
  for (const fs::path& shard : shards) {
    const EvaluatedMethods other = read_evaluated_methods(shard);
    if (names(other) == names(first) && other.tasks == first.tasks && other.reference == first.reference) continue;
    refuse(shard, "other methods than " + shards.front().string(), "shards of one evaluation");
  }
  return first;
}

}  // namespace

Evaluation join_shards(const std::vector<fs::path>& shards, const fs::path& out) {
  if (!is_file(shards.front() / "methods.json")) {
    join_method(shards, out);
    return conclude_evaluation(out, {.methods = {{"", out}}, .tasks = {}, .reference = {}});
  }
  EvaluatedMethods evaluated = common_methods(shards);
  for (EvaluatedMethod& method : evaluated.methods) {
    method.directory = out / method.name;
    std::vector<fs::path> parts;
    for (const fs::path& shard : shards) parts.push_back(shard / method.name);
    join_method(parts, method.directory);
  }
  return conclude_evaluation(out, evaluated);
}

Evaluation join_shards(const ScoreSettings& settings) {
  const std::pair<const char*, bool> others[] = {{"--metric", settings.metric.has_value()},
                                                 {"--compare-to", settings.compare_to.has_value()},
                                                 {"--pairs", settings.pairs},
                                                 {"--all-metrics", settings.all_metrics},
                                                 {"--templates", settings.templates},
                                                 {"--format", settings.format != "text"}};
  for (const auto& [name, given] : others) {
    if (!given) continue;
    refuse_usage(name, "given with --join", "", "join first, then score the joined directory with this option");
  }
  if (!settings.out) refuse_usage("--join", "no --out", "the directory of the joined results");
  return join_shards(std::vector<fs::path>(settings.results.begin(), settings.results.end()), *settings.out);
}

}  // namespace phatgoose
