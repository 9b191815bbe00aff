#include <fmt/format.h>

#include "phatgoose/report/score_report.h"

namespace phatgoose {
namespace {

using RowCells = std::vector<std::string>;

std::string number(double value) { return fmt::format("{}", value); }

/// The lines of one method.
class MethodRows {
 public:
  MethodRows(const ScoreReport& report, const MethodResult& method, Table& table)
      : report_(report), method_(method), table_(table) {}

  void add() {
    for (std::size_t t = 0; t < method_.tallies.size(); ++t) {
      add(method_.scores.tasks[t], method_.tallies[t]->task().mixture);
    }
    for (const MixtureMean& each : mixture_means(method_)) add({"mixture", "", each.mixture, "", each.mean, "", ""});
    add_tested({"mean", "", "", "", method_.scores.mean, "", ""}, [](const PairTest& test) {
      return RowCells{number(test.mean.score), number(test.mean.interval.low), number(test.mean.interval.high),
                      number(test.mean.p), ""};
    });
  }

 private:
  struct Line {
    std::string level, task, mixture, template_name;
    MetricScore score;
    std::string rows, examples;
  };

  void add(const Line& line, RowCells difference = RowCells(6)) {
    RowCells cells = {method_.name,
                      line.level,
                      line.task,
                      line.mixture,
                      line.template_name,
                      line.score.metric,
                      number(line.score.score),
                      number(line.score.interval.low),
                      number(line.score.interval.high),
                      line.rows,
                      line.examples};
    cells.insert(cells.end(), difference.begin(), difference.end());
    cells.push_back(method_.uses_labels ? "true" : "false");
    table_.add(std::move(cells));
  }

  /// Once for every test of the method for which `difference` has cells; once without where there is none.
  template <typename DifferenceCells>
  void add_tested(const Line& line, DifferenceCells difference) {
    bool tested = false;
    for (const PairTest& test : report_.comparison.tests) {
      RowCells cells = test.method == method_.name ? difference(test) : RowCells();
      if (cells.empty()) continue;
      cells.insert(cells.begin(), test.reference);
      add(line, std::move(cells));
      tested = true;
    }
    if (!tested) add(line);
  }

  void add(const TaskScore& task, const std::string& mixture) {
    const std::string rows = std::to_string(task.rows), examples = std::to_string(task.examples);
    add_tested({"task", task.task, mixture, "", task.metrics.front(), rows, examples}, [&](const PairTest& test) {
      for (const TaskDifference& each : test.tasks) {
        const Difference& difference = each.difference;
        if (each.task != task.task) continue;
        return RowCells{number(difference.score), number(difference.interval.low), number(difference.interval.high),
                        number(difference.p), number(each.p_holm)};
      }
      return RowCells();
    });
    for (std::size_t m = 1; report_.all_metrics && m < task.metrics.size(); ++m) {
      add({"task", task.task, mixture, "", task.metrics[m], rows, examples});
    }
    if (report_.templates) add_templates(task, mixture);
  }

  void add_templates(const TaskScore& task, const std::string& mixture) {
    const auto of_first_metric = [&](MetricScore score) {
      score.metric = task.metrics.front().metric;
      return score;
    };
    for (const TemplateScore& each : task.templates) {
      add({"template", task.task, mixture, each.template_name, each.score, std::to_string(each.rows),
           std::to_string(each.examples)});
    }
    if (!task.over_templates) return;
    add({"median of templates", task.task, mixture, "", of_first_metric(task.over_templates->median), "", ""});
    add({"mean of templates", task.task, mixture, "", of_first_metric(task.over_templates->mean), "", ""});
  }

  const ScoreReport& report_;
  const MethodResult& method_;
  Table& table_;
};

}  // namespace

Table score_rows(const ScoreReport& report) {
  Table table({"method", "level", "task", "mixture", "template", "metric", "score", "low", "high", "rows", "examples",
               "reference", "difference", "difference_low", "difference_high", "p", "p_holm", "uses_labels"});
  for (const MethodResult& method : report.methods) MethodRows(report, method, table).add();
  return table;
}

}  // namespace phatgoose
