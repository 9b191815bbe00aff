#include "phatgoose/report/stored_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/version.h"
#include "phatgoose/report/results_directory.h"
#include "phatgoose/store/manifest.h"

namespace phatgoose {
namespace {

constexpr double kStoredTolerance = 1e-9;  // sums in another order

/// What the results lack or have may come from another version of the program.
[[noreturn]] void refuse_version(const Error& error, const fs::path& results) {
  Fault fault = error.fault();
  const Json json = read_json(results);
  const Json versions = json.is_object() ? json_get_or<Json>(json, "versions", nullptr) : Json();
  const std::string writer = versions.is_object() ? json_get_or<std::string>(versions, "phatgoose", "") : "";
  if (!writer.empty() && writer != version()) {
    fault.hint = fmt::format("written by phatgoose {}; this is {}", writer, version());
  }
  fail(error.code(), fault);
}

Results read_results_of(const fs::path& path) {
  try {
    Results results = read_results(path);
    in(path, [&] {
      for (const Task& task : results.suite.tasks) metrics_of(task);  // refuses unknown ones
    });
    return results;
  } catch (const Error& error) {
    if (!is_file(path)) throw;
    refuse_version(error, path);
  }
}

void compare_stored(const fs::path& directory, const TaskScore& stored, const TaskTally& tally) {
  for (const MetricScore& score : stored.metrics) {
    const auto metric = std::ranges::find(tally.metrics(), score.metric, &Metric::name);
    if (metric == tally.metrics().end()) continue;
    const ExampleSums& sums = tally.sums()[metric - tally.metrics().begin()];
    const double found = metric->score_of(sums.total());
    if (std::abs(found - score.score) <= kStoredTolerance && stored.rows == tally.rows()) continue;
    log_warning(fmt::format("{}: task {}: results.json has {} {} of {} rows, its samples give {} of {}",
                            directory.string(), tally.task().name, score.metric, score.score, stored.rows, found,
                            tally.rows()));
    return;
  }
}

}  // namespace

bool StoredRun::is_single_expert() const {
  const Json& settings = results.json.value("settings", Json::object());
  return settings.contains("expert") && settings["expert"].is_array() && !settings["expert"].empty();
}

bool StoredRun::uses_labels() const { return json_get_or<bool>(results.json, "uses_labels", false); }

std::string StoredRun::data_hash(const std::string& task) const {
  const Json hashes = json_get_or<Json>(results.json, "hashes", Json::object());
  const Json data = json_get_or<Json>(hashes, "data", Json::object());
  return json_get_or<std::string>(data, task, "");
}

StoredRun read_run(const fs::path& directory, const std::string& metric) {
  read_manifest(directory, kResultsKind);  // refuses a newer format, and files that were cut
  StoredRun run{.results = read_results_of(directory / kResultsFile), .tallies = {}};
  SuiteTally tally(run.results.suite.tasks, metric);
  const fs::path samples = directory / kSamplesFile;
  read_samples(samples, [&](Sample sample) { tally.add(std::move(sample)); });
  run.tallies = in(samples, [&] { return tally.finish(); });
  for (std::size_t i = 0; i < run.tallies.size(); ++i) {
    compare_stored(directory, run.results.scores.tasks[i], *run.tallies[i]);
  }
  return run;
}

}  // namespace phatgoose
