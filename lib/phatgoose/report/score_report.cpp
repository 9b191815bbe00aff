#include "phatgoose/report/score_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "phatgoose/report/comparison_table.h"
#include "phatgoose/report/results.h"

namespace phatgoose {
namespace {

constexpr const char* kTestsCaption =
    "Differences: paired bootstrap over examples, two-sided p; Holm's correction over the tasks of a pair";

struct CaptionedTable {
  std::string caption;
  Table table;
};

/// Calls `add` for every task of the methods that tables show.
void for_each_shown_task(const ScoreReport& report,
                         const std::function<void(const MethodResult&, const TaskScore&)>& add) {
  std::set<std::string> shown;
  for (const Comparison::Row* row : shown_rows(report.comparison)) shown.insert(row->method);
  for (const MethodResult& method : report.methods) {
    if (!shown.contains(method.name)) continue;
    for (const TaskScore& task : method.scores.tasks) add(method, task);
  }
}

Table mixtures_table(const ScoreReport& report) {
  Table table({"method", "mixture", "mean", "95 % interval", "tasks"}, {2, 3, 4});
  for (const MethodResult& method : report.methods) {
    for (const MixtureMean& each : mixture_means(method)) {
      table.add({method.name, each.mixture, score_text(each.mean), interval_text(each.mean.interval),
                 std::to_string(each.tasks)});
    }
  }
  return table;
}

Table metrics_table(const ScoreReport& report) {
  Table table({"method", "task", "metric", "score", "95 % interval", "rows", "examples"}, {3, 4, 5, 6});
  for_each_shown_task(report, [&](const MethodResult& method, const TaskScore& task) {
    for (const MetricScore& metric : task.metrics) {
      table.add({method.name, task.task, metric.metric, score_text(metric), interval_text(metric.interval),
                 std::to_string(task.rows), std::to_string(task.examples)});
    }
  });
  return table;
}

Table templates_table(const ScoreReport& report) {
  Table table({"method", "task", "template", "score", "95 % interval", "rows", "examples"}, {3, 4, 5, 6});
  for_each_shown_task(report, [&](const MethodResult& method, const TaskScore& task) {
    if (!table.empty()) table.add_rule();
    const auto add = [&](const std::string& title, const MetricScore& score, const std::string& rows,
                         const std::string& examples) {
      table.add({method.name, task.task, title, score_text(score), interval_text(score.interval), rows, examples});
    };
    for (const TemplateScore& each : task.templates) {
      add(each.template_name.empty() ? "-" : each.template_name, each.score, std::to_string(each.rows),
          std::to_string(each.examples));
    }
    if (!task.over_templates) return;
    const std::size_t count = task.templates.size();
    add(fmt::format("median of {}", count), task.over_templates->median, "", "");
    add(fmt::format("mean of {}", count), task.over_templates->mean, "", "");
    add("all rows", task.metrics.front(), std::to_string(task.rows), std::to_string(task.examples));
  });
  return table;
}

std::vector<CaptionedTable> tables_of(const ScoreReport& report) {
  const bool several = report.methods.size() > 1;
  std::vector<CaptionedTable> tables = {
      {"", several ? comparison_table(report.comparison) : suite_table(report.methods.front().scores)}};
  if (several && !report.comparison.tests.empty()) tables.push_back({kTestsCaption, tests_table(report.comparison)});
  if (Table mixtures = mixtures_table(report); !mixtures.empty()) tables.push_back({"Mixtures", std::move(mixtures)});
  if (several && report.all_metrics) tables.push_back({"Every metric", metrics_table(report)});
  if (report.templates) tables.push_back({"Templates, by the first metric of each task", templates_table(report)});
  return tables;
}

}  // namespace

std::vector<MixtureMean> mixture_means(const MethodResult& method) {
  std::vector<std::string> mixtures;
  std::map<std::string, std::vector<TaskScore>> tasks;
  for (std::size_t t = 0; t < method.tallies.size(); ++t) {
    const std::string& mixture = method.tallies[t]->task().mixture;
    if (mixture.empty()) continue;
    if (!tasks.contains(mixture)) mixtures.push_back(mixture);
    tasks[mixture].push_back(method.scores.tasks[t]);
  }
  std::vector<MixtureMean> means;
  for (const std::string& mixture : mixtures) {
    means.push_back({mixture, std::ssize(tasks[mixture]), score_suite(tasks[mixture]).mean});
  }
  return means;
}

std::string report_text(const ScoreReport& report, TableFormat format) {
  if (format == TableFormat::csv) return formatted(score_rows(report), format);
  const bool is_latex = format == TableFormat::latex;
  const std::string comment = is_latex ? "% " : "";
  std::string text;
  for (const CaptionedTable& each : tables_of(report)) {
    if (!each.caption.empty()) text += "\n" + comment + each.caption + (is_latex ? "\n" : "\n\n");
    text += formatted(each.table, format);
    const bool has_note = each.caption.empty() && !report.note.empty();
    if (has_note) text += (format == TableFormat::markdown ? "\n" : comment) + report.note;
  }
  return text;
}

Json report_json(const ScoreReport& report) {
  Json json = comparison_json(report.comparison);
  for (std::size_t m = 0; m < report.methods.size(); ++m) {
    for (const MixtureMean& each : mixture_means(report.methods[m])) {
      json["methods"][m]["mixtures"][each.mixture] = each.mean;
    }
    Json& tasks = json["methods"][m]["tasks"];
    for (const TaskScore& task : report.methods[m].scores.tasks) {
      if (report.all_metrics) tasks[task.task]["metrics"] = metrics_json(task);
      if (report.templates) tasks[task.task].update(templates_json(task));
    }
  }
  return json;
}

}  // namespace phatgoose
