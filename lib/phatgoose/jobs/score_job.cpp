#include "phatgoose/jobs/score_job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/data/missing_tasks.h"
#include "phatgoose/report/run_places.h"
#include "phatgoose/report/score_report.h"
#include "phatgoose/report/stored_run.h"
#include "phatgoose/settings/named_directories.h"

namespace phatgoose {
namespace {

/// A run with the tasks of it that count.
struct ScoredRun {
  RunPlace place;
  StoredRun stored;
  Tallies tallies;

  std::string name() const { return place.name(); }
  const Suite& suite() const { return stored.results.suite; }
};

/// All metrics that some task has.
std::vector<std::string> metric_names(const Tallies& tallies) {
  std::vector<std::string> names;
  for (const auto& tally : tallies) {
    for (const Metric& metric : tally->metrics()) {
      if (std::ranges::find(names, metric.name) == names.end()) names.push_back(metric.name);
    }
  }
  return names;
}

void keep_tasks_with(const std::string& metric, ScoredRun& run) {
  std::vector<std::string> dropped;
  std::erase_if(run.tallies, [&](const auto& tally) {
    const bool lacks = tally->metrics().front().name != metric;
    if (lacks) dropped.push_back(tally->task().name);
    return lacks;
  });
  if (run.tallies.empty()) {
    const std::vector<std::string> known = metric_names(run.stored.tallies);
    refuse_usage("--metric", fmt::format("no task of {} has \"{}\"", run.name(), metric),
                 fmt::format("one of {}", fmt::join(known, ", ")), did_you_mean(metric, known));
  }
  if (dropped.empty()) return;
  log_warning(fmt::format("{}: left out, without {}: {}", run.name(), metric, fmt::join(dropped, ", ")));
}

std::vector<ScoredRun> read_runs(const ScoreSettings& settings) {
  std::vector<ScoredRun> runs;
  for (const RunPlace& place : find_runs(named_directories(settings.results, "RESULTS"))) {
    StoredRun stored = read_run(place.directory, settings.metric.value_or(""));
    Tallies tallies = stored.tallies;
    runs.push_back({place, std::move(stored), std::move(tallies)});
    if (settings.metric) keep_tasks_with(*settings.metric, runs.back());
  }
  return runs;
}

/// The task as one run has it, for which others must have the same.
struct TaskOwner {
  const ScoredRun* run;
  const TaskTally* tally;
};

/// Why two runs cannot be compared on a task; empty where they can.
std::string difference_of(const TaskOwner& first, const ScoredRun& run, const TaskTally& tally) {
  const std::string &ours = tally.metrics().front().name, &theirs = first.tally->metrics().front().name;
  if (ours != theirs) return fmt::format("{} instead of {}", ours, theirs);
  if (tally.task().length_normalise != first.tally->task().length_normalise) return "another rule";
  const std::string here = run.stored.data_hash(tally.task().name),
                    there = first.run->stored.data_hash(tally.task().name);
  if (!here.empty() && !there.empty() && here != there) return "another data file";
  return tally.has_rows_of(*first.tally) ? "" : "other rows";
}

/// Leaves to every run the tasks in which it agrees with those before it.
void keep_comparable(const std::vector<ScoredRun*>& runs) {
  std::map<std::string, TaskOwner> owners;
  for (ScoredRun* run : runs) {
    std::vector<std::string> dropped;
    std::erase_if(run->tallies, [&](const auto& tally) {
      const TaskOwner& owner = owners.try_emplace(tally->task().name, TaskOwner{run, tally.get()}).first->second;
      const std::string why = difference_of(owner, *run, *tally);
      if (!why.empty()) dropped.push_back(fmt::format("{} ({} than {})", tally->task().name, why, owner.run->name()));
      return !why.empty();
    });
    if (dropped.empty()) continue;
    const std::string what = fmt::format("not comparable: {}", fmt::join(dropped, ", "));
    if (run->tallies.empty()) refuse(run->name(), what, "results on the same rows");
    log_warning(fmt::format("{}: left out, {}", run->name(), what));
  }
}

/// Runs of other suites than the first are compared where the names of tasks say so, and refused where none does.
void check_suites(const std::vector<ScoredRun*>& runs) {
  const ScoredRun& first = *runs.front();
  for (const ScoredRun* run : runs) {
    if (run->suite().name == first.suite().name) continue;
    const std::string found = fmt::format("{} is of the suite {}, {} of {}", run->name(), run->suite().name,
                                          first.name(), first.suite().name);
    const bool shares = std::ranges::any_of(
        run->tallies, [&](const auto& tally) { return find_tally(first.tallies, tally->task().name) != nullptr; });
    if (!shares) refuse("RESULTS", found + ", and they have no task in common", "results on the same tasks");
    log_warning(found + ": tasks of the same name are compared");
  }
}

const ScoredRun& longest_of(const std::vector<ScoredRun>& runs) {
  return *std::ranges::max_element(runs, {}, [](const ScoredRun& run) { return run.tallies.size(); });
}

/// The tasks of all runs: first those of the run that has most of them, in the order of its suite.
std::vector<Task> all_tasks(const std::vector<ScoredRun>& runs) {
  std::vector<Task> tasks;
  const auto add = [&](const ScoredRun& run) {
    for (const auto& tally : run.tallies) {
      if (std::ranges::find(tasks, tally->task().name, &Task::name) == tasks.end()) tasks.push_back(tally->task());
    }
  };
  add(longest_of(runs));
  std::ranges::for_each(runs, add);
  return tasks;
}

/// The reference rows of the runs that were named together, after which their names are those of the set.
std::vector<MethodResult> rows_of_set(const std::string& set, const std::vector<ScoredRun>& runs,
                                      const std::vector<MethodResult>& methods) {
  std::vector<ScoredRun> members;
  std::vector<MethodResult> experts;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].place.set != set) continue;
    members.push_back(runs[i]);
    if (!runs[i].stored.is_single_expert()) continue;
    experts.push_back(methods[i]);
    experts.back().name = runs[i].place.method;
  }
  std::vector<MethodResult> rows = reference_rows(all_tasks(members), experts);
  for (MethodResult& row : rows) row.name = RunPlace{.directory = {}, .method = row.name, .set = set}.name();
  return rows;
}

/// The methods, and after them the reference rows of every set of them.
std::vector<MethodResult> methods_of(const std::vector<ScoredRun>& runs) {
  std::vector<MethodResult> methods;
  std::vector<std::string> sets;
  for (const ScoredRun& run : runs) {
    methods.push_back(
        {run.name(), run.tallies, score_suite(run.tallies), run.place.uses_labels || run.stored.uses_labels()});
    if (std::ranges::find(sets, run.place.set) == sets.end()) sets.push_back(run.place.set);
  }
  std::vector<MethodResult> rows;
  for (const std::string& set : sets) std::ranges::move(rows_of_set(set, runs, methods), std::back_inserter(rows));
  std::ranges::move(rows, std::back_inserter(methods));
  return methods;
}

/// The runs, that called `reference` first.
std::vector<ScoredRun*> reference_first(std::vector<ScoredRun>& runs, const std::string& reference) {
  std::vector<ScoredRun*> order;
  for (ScoredRun& run : runs) order.push_back(&run);
  std::ranges::stable_partition(order, [&](const ScoredRun* run) { return run->name() == reference; });
  return order;
}

void check_reference(const std::string& reference, const std::vector<MethodResult>& methods) {
  std::vector<std::string> names;
  for (const MethodResult& method : methods) names.push_back(method.name);
  if (std::ranges::find(names, reference) != names.end()) return;
  refuse_usage("--compare-to", fmt::format("\"{}\"", reference), fmt::format("one of {}", fmt::join(names, ", ")),
               did_you_mean(reference, names));
}

void check_several(const ScoreSettings& settings, std::size_t runs) {
  if (runs > 1 || (!settings.compare_to && !settings.pairs)) return;
  refuse_usage(settings.pairs ? "--pairs" : "--compare-to", "results of one method", "those of several to compare");
}

std::string written(const ScoreReport& report, const std::string& format) {
  if (format == "json") return json_text(report_json(report), 2) + "\n";
  if (format == "csv") return report_text(report, TableFormat::csv);
  if (format == "markdown") return report_text(report, TableFormat::markdown);
  if (format == "latex") return report_text(report, TableFormat::latex);
  return report_text(report, TableFormat::text);
}

}  // namespace

std::string score(const ScoreSettings& settings) {
  std::vector<ScoredRun> runs = read_runs(settings);
  check_several(settings, runs.size());
  const std::string reference = settings.compare_to.value_or(runs.front().name());
  const std::vector<ScoredRun*> ordered = reference_first(runs, reference);
  check_suites(ordered);
  keep_comparable(ordered);
  const std::vector<MethodResult> methods = methods_of(runs);
  check_reference(reference, methods);
  Comparison comparison = compare(all_tasks(runs), methods, reference, settings.pairs);
  return written(
      {methods, std::move(comparison), settings.all_metrics, settings.templates, missing_note(runs.front().suite())},
      settings.format);
}

}  // namespace phatgoose
