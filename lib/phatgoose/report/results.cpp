#include "phatgoose/report/results.h"

#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/base/version.h"

namespace phatgoose {
namespace {

/// Rounded to three digits: nothing is measured more exactly.
double rounded(double seconds) { return std::round(seconds * 1000) / 1000; }
std::int64_t in_mib(std::int64_t bytes) { return bytes >> 20; }

Json rule_json(const TemplateRule& rule) {
  return {{"templates", rule.only}, {"without_templates", rule.without}, {"in_turn", rule.in_turn}};
}

TemplateRule read_rule(const Json& json) {
  return {.only = json_get<std::vector<std::string>>(json, "templates"),
          .without = json_get<std::vector<std::string>>(json, "without_templates"),
          .in_turn = json_get<bool>(json, "in_turn")};
}

Json task_frame(const Task& task, const TaskData& data) {
  Json json = {{"name", task.name},
               {"kind", to_string(task.kind)},
               {"metric", nullptr},
               {"score", nullptr},
               {"interval", nullptr},
               {"rows", nullptr},
               {"rows_available", data.available},
               {"rows_left_out", data.left_out},
               {"examples", nullptr},
               {"skipped_rows", data.skipped.count()},
               {"bad_rows", data.skipped.to_json()},
               {"rows_with", data.notes.to_json()},
               {"metrics", nullptr},
               {"templates", nullptr},
               {"over_templates", nullptr},
               {"data", task.data.string()},
               {"max_input", task.max_input}};
  if (task.kind == TaskKind::rank_classification) {
    json["length_normalise"] = task.length_normalise;
  } else {
    json["max_new_tokens"] = task.max_new_tokens;
    json["requested_metrics"] = task.metrics;
  }
  if (!task.expert.empty()) json["expert"] = task.expert;
  if (!task.source.empty()) json["source"] = task.source;
  if (!task.mixture.empty()) json["mixture"] = task.mixture;
  if (!task.templates.asks_all()) json["template_rule"] = rule_json(task.templates);
  return json;
}

void set_task_scores(Json& json, const TaskScore& scores) {
  const MetricScore& first = scores.metrics.front();
  json["metric"] = first.metric;
  json["score"] = first.score;
  json["interval"] = first.interval;
  json["rows"] = scores.rows;
  json["examples"] = scores.examples;
  json["metrics"] = metrics_json(scores);
  json.update(templates_json(scores));
}

TaskKind read_kind(const Json& json) {
  const auto name = json_get<std::string>(json, "kind");
  if (const auto kind = task_kind(name)) return *kind;
  refuse_here("kind \"" + name + "\"", "rank_classification or generation");
}

Task read_task(const Json& json) {
  Task task{.name = json_get<std::string>(json, "name"),
            .data = json_get<std::string>(json, "data"),
            .kind = read_kind(json),
            .metrics = {}};
  task.max_input = json_get<std::int64_t>(json, "max_input");
  task.expert = json_get_or<std::string>(json, "expert", "");
  task.source = json_get_or<std::string>(json, "source", "");
  task.mixture = json_get_or<std::string>(json, "mixture", "");
  if (json.contains("template_rule")) task.templates = read_rule(json_get<Json>(json, "template_rule"));
  if (task.kind == TaskKind::rank_classification) {
    task.length_normalise = json_get<bool>(json, "length_normalise");
  } else {
    task.max_new_tokens = json_get<std::int64_t>(json, "max_new_tokens");
    task.metrics = json_get<std::vector<std::string>>(json, "requested_metrics");
  }
  return task;
}

TaskScore read_task_score(const Json& json) {
  TaskScore scores{.task = json_get<std::string>(json, "name"), .metrics = {}, .templates = {}};
  scores.rows = json_get<std::int64_t>(json, "rows");
  scores.examples = json_get<std::int64_t>(json, "examples");
  const Json metrics = json_get<Json>(json, "metrics");
  for (const auto& [metric, entry] : metrics.items()) scores.metrics.push_back(read_score(entry, metric));
  return scores;
}

}  // namespace

Json metrics_json(const TaskScore& scores) {
  Json metrics = Json::object();
  for (const MetricScore& metric : scores.metrics) metrics[metric.metric] = metric;
  return metrics;
}

Json templates_json(const TaskScore& scores) {
  Json templates = Json::array();
  for (const TemplateScore& entry : scores.templates) {
    templates.push_back({{"template", entry.template_name},
                         {"rows", entry.rows},
                         {"examples", entry.examples},
                         {"score", entry.score.score},
                         {"interval", entry.score.interval}});
  }
  Json json = {{"templates", std::move(templates)}, {"over_templates", nullptr}};
  if (scores.over_templates) {
    json["over_templates"] = {{"median", scores.over_templates->median}, {"mean", scores.over_templates->mean}};
  }
  return json;
}

Json results_frame(const Suite& suite, const std::vector<TaskData>& data, const Provenance& provenance) {
  Json versions = {{"phatgoose", version()}};
  versions.update(provenance.versions);
  Json hashes = provenance.hashes;
  Json tasks = Json::array();
  for (std::size_t i = 0; i < suite.tasks.size(); ++i) {
    const Task& task = suite.tasks[i];
    tasks.push_back(task_frame(task, data[i]));
    hashes["data"][task.name] = content_hash_of_file(task.data);
  }
  return {{"suite", suite.name},
          {"score", nullptr},
          {"interval", nullptr},
          {"unit", "percent"},
          {"tasks", std::move(tasks)},
          {"missing_tasks", suite.missing},
          {"seed", provenance.seed},
          {"dtype", provenance.dtype},
          {"device", provenance.device},
          {"processor", provenance.processor},
          {"settings", provenance.settings},
          {"versions", std::move(versions)},
          {"hashes", std::move(hashes)},
          {"uses_labels", provenance.uses_labels},
          {"timing", nullptr}};
}

void set_timing(Json& results, const Suite& suite, const Timing& timing, std::int64_t rows) {
  Json tasks = Json::object();
  double seconds = 0;
  for (std::size_t i = 0; i < suite.tasks.size(); ++i) {
    tasks[suite.tasks[i].name] = rounded(timing.task_seconds[i]);
    seconds += timing.task_seconds[i];
  }
  results["timing"] = {{"wall_seconds", rounded(seconds)},
                       {"rows_per_second", nullptr},
                       {"peak_memory_mib", in_mib(timing.peak_memory)},
                       {"device_memory_mib", nullptr},
                       {"tasks", std::move(tasks)}};
  if (seconds > 0) results["timing"]["rows_per_second"] = rounded(static_cast<double>(rows) / seconds);
  if (timing.peak_device_memory) results["timing"]["device_memory_mib"] = in_mib(*timing.peak_device_memory);
}

void set_scores(Json& results, const SuiteScore& scores) {
  results["score"] = scores.mean.score;
  results["interval"] = scores.mean.interval;
  for (std::size_t i = 0; i < scores.tasks.size(); ++i) set_task_scores(results["tasks"][i], scores.tasks[i]);
}

Suite suite_of_results(const Json& results) {
  Suite suite{.name = json_get<std::string>(results, "suite"), .tasks = {}};
  suite.missing = json_get_or<std::vector<std::string>>(results, "missing_tasks", {});
  const Json tasks = json_get<Json>(results, "tasks");
  for (const Json& task : tasks) suite.tasks.push_back(read_task(task));
  return suite;
}

Results read_results(const fs::path& path) {
  return read_json(path, [](const Json& json) {
    Results results{.suite = suite_of_results(json), .scores = {}, .json = json};
    results.scores.mean = read_score(json, "mean");
    const Json tasks = json_get<Json>(json, "tasks");
    for (const Json& task : tasks) results.scores.tasks.push_back(read_task_score(task));
    return results;
  });
}

}  // namespace phatgoose
