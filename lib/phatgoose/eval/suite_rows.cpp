#include "phatgoose/eval/suite_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "phatgoose/base/error.h"
#include "phatgoose/base/log.h"
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

/// The first rows, or some drawn by choice.seed, in the order of the file.
std::vector<std::int64_t> choose_places(std::int64_t available, const RowChoice& choice) {
  const std::int64_t count = std::min(choice.limit.value_or(available), available);
  std::vector<std::int64_t> places(static_cast<std::size_t>(available));
  std::iota(places.begin(), places.end(), 0);
  if (choice.seed) places = permutation(available, static_cast<std::uint64_t>(*choice.seed), 0);
  places.resize(static_cast<std::size_t>(count));
  std::ranges::sort(places);
  return places;
}

ChosenRows choose_rows(const Task& task, const RowChoice& choice) {
  ChosenRows rows;
  std::vector<Record> all = read_records(task.data, choice.line_limit, choice.skip_bad ? &rows.skipped : nullptr);
  rows.available = std::ssize(all);
  rows.places = choose_places(rows.available, choice);
  for (const std::int64_t place : rows.places) rows.records.push_back(std::move(all[static_cast<std::size_t>(place)]));
  if (std::ssize(rows.places) < rows.available) {
    log_info(fmt::format("task {}: {} {} of {} rows", task.name, choice.seed ? "drew" : "the first", rows.places.size(),
                         rows.available));
  }
  return rows;
}

}  // namespace

SuiteRows prepare_suite(const Suite& suite, const fs::path& base, const RowChoice& choice,
                        const std::vector<RowNeeds>& needs) {
  const std::int64_t vocab_size = read_t5_config(base).vocab_size;
  std::vector<ChosenRows> chosen;
  for (const Task& task : suite.tasks) chosen.push_back(choose_rows(task, choice));
  SuiteRows rows{Tokenizer::of_base(base, vocab_size), {}};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    auto& [records, places, available, skipped] = chosen[i];
    SkippedRows unfit;
    TaskRows& task = rows.tasks.emplace_back(prepare_task(suite.tasks[i], records, rows.tokenizer_or_null(), vocab_size,
                                                          needs[i], choice.skip_bad ? &unfit : nullptr));
    unfit.warn(task.task.data.string());
    for (Sample& sample : task.samples) sample.row = places[sample.row];
    task.available = available;
    task.skipped = std::move(skipped);
    task.skipped.add(unfit);
    task.notes.warn(task.place(), std::ssize(task.samples));
    if (task.samples.empty()) refuse(task.place(), "no row that can be evaluated", "at least one");
  }
  return rows;
}

}  // namespace phatgoose
