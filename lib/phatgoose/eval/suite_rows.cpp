#include "phatgoose/eval/suite_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/base/random.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {
namespace {

/// The rows of a task that are evaluated, and their places in its file.
struct ChosenRows {
  std::vector<Record> records;
  std::vector<std::int64_t> places;
  std::int64_t available = 0;  ///< rows of the file, bad ones not counted
  SkippedRows skipped;
};

/// The first rows, or some drawn by settings.limit_seed, in the order of the file.
std::vector<std::int64_t> choose_places(std::int64_t available, const EvalSettings& settings) {
  const std::int64_t count = std::min(settings.limit.value_or(available), available);
  std::vector<std::int64_t> places(static_cast<std::size_t>(available));
  std::iota(places.begin(), places.end(), 0);
  if (settings.limit_seed) places = permutation(available, static_cast<std::uint64_t>(*settings.limit_seed), 0);
  places.resize(static_cast<std::size_t>(count));
  std::ranges::sort(places);
  return places;
}

ChosenRows choose_rows(const Task& task, const EvalSettings& settings) {
  ChosenRows rows;
  std::vector<Record> all =
      read_records(task.data, settings.reading.line_limit(), settings.reading.skip_bad_rows ? &rows.skipped : nullptr);
  rows.available = std::ssize(all);
  rows.places = choose_places(rows.available, settings);
  for (const std::int64_t place : rows.places) rows.records.push_back(std::move(all[static_cast<std::size_t>(place)]));
  if (std::ssize(rows.places) < rows.available) {
    log_info(fmt::format("task {}: {} {} of {} rows", task.name, settings.limit_seed ? "drew" : "the first",
                         rows.places.size(), rows.available));
  }
  return rows;
}

}  // namespace

void check_limit(const EvalSettings& settings) {
  if (!settings.limit_seed || settings.limit) return;
  fail(ExitCode::usage, {.where = "--limit-seed", .found = "no --limit", .expected = "the number of rows to draw"});
}

Suite with_tasks(Suite suite, const std::vector<std::string>& names, const std::string& source) {
  if (names.empty()) return suite;
  std::vector<std::string> known;
  for (const Task& task : suite.tasks) known.push_back(task.name);
  for (const std::string& name : names) {
    if (std::ranges::find(known, name) != known.end()) continue;
    fail(source.empty() ? ExitCode::usage : ExitCode::bad_data,
         {.where = source.empty() ? "--tasks" : source,
          .found = fmt::format("no task \"{}\" among those of {} that are evaluated", name, suite.name),
          .expected = fmt::format("some of {}", fmt::join(known, ", ")),
          .hint = did_you_mean(name, known)});
  }
  std::erase_if(suite.tasks, [&](const Task& task) { return std::ranges::find(names, task.name) == names.end(); });
  return suite;
}

SuiteRows prepare_suite(const Suite& suite, const EvalSettings& settings, const std::vector<RowNeeds>& needs) {
  const std::int64_t vocab_size = read_t5_config(settings.model).vocab_size;
  std::vector<ChosenRows> chosen;
  for (const Task& task : suite.tasks) chosen.push_back(choose_rows(task, settings));
  SuiteRows rows{Tokenizer::of_base(settings.model, vocab_size), {}};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    const auto& [records, places, available, skipped] = chosen[i];
    TaskRows& task =
        rows.tasks.emplace_back(prepare_task(suite.tasks[i], records, rows.tokenizer_or_null(), vocab_size, needs[i]));
    for (std::size_t row = 0; row < places.size(); ++row) task.samples[row].row = places[row];
    task.available = available;
    task.notes.skip(skipped.count());
    task.notes.warn(task.place(), std::ssize(records));
  }
  return rows;
}

}  // namespace phatgoose
