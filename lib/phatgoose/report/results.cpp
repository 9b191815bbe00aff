#include "phatgoose/report/results.h"

#include "phatgoose/base/error.h"
#include "phatgoose/base/version.h"

namespace phatgoose {
namespace {

Json task_json(const Task& task, const TaskScore& scores, const TaskData& data) {
  const MetricScore& first = scores.metrics.front();
  Json json = {{"name", task.name},
               {"kind", to_string(task.kind)},
               {"metric", first.metric},
               {"score", first.score},
               {"interval", first.interval},
               {"rows", scores.rows},
               {"rows_available", data.available},
               {"examples", scores.examples},
               {"skipped_rows", data.notes.skipped()},
               {"rows_with", data.notes.to_json()},
               {"metrics", metrics_json(scores)},
               {"data", task.data.string()},
               {"max_input", task.max_input}};
  json.update(templates_json(scores));
  if (task.kind == TaskKind::rank_classification) {
    json["length_normalise"] = task.length_normalise;
  } else {
    json["max_new_tokens"] = task.max_new_tokens;
    json["requested_metrics"] = task.metrics;
  }
  if (!task.expert.empty()) json["expert"] = task.expert;
  return json;
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
  Json json = {{"templates", std::move(templates)}};
  if (scores.over_templates) {
    json["over_templates"] = {{"median", scores.over_templates->median}, {"mean", scores.over_templates->mean}};
  }
  return json;
}

Json results_json(const Suite& suite, const SuiteScore& scores, const std::vector<TaskData>& data,
                  const Provenance& provenance) {
  Json versions = {{"phatgoose", version()}};
  versions.update(provenance.versions);
  Json hashes = provenance.hashes;
  Json tasks = Json::array();
  for (std::size_t i = 0; i < suite.tasks.size(); ++i) {
    const Task& task = suite.tasks[i];
    tasks.push_back(task_json(task, scores.tasks[i], data[i]));
    hashes["data"][task.name] = content_hash_of_file(task.data);
  }
  return {{"suite", suite.name},
          {"score", scores.mean.score},
          {"interval", scores.mean.interval},
          {"unit", "percent"},
          {"tasks", std::move(tasks)},
          {"seed", provenance.seed},
          {"dtype", provenance.dtype},
          {"settings", provenance.settings},
          {"versions", std::move(versions)},
          {"hashes", std::move(hashes)},
          {"uses_labels", provenance.uses_labels}};
}

Results read_results(const fs::path& path) {
  return read_json(path, [](const Json& json) {
    Results results{.suite = {}, .scores = {}, .json = json};
    results.suite.name = json_get<std::string>(json, "suite");
    results.scores.mean = read_score(json, "mean");
    const Json tasks = json_get<Json>(json, "tasks");
    for (const Json& task : tasks) {
      results.suite.tasks.push_back(read_task(task));
      results.scores.tasks.push_back(read_task_score(task));
    }
    return results;
  });
}

}  // namespace phatgoose
