#include "phatgoose/eval/suite_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "phatgoose/base/error.h"
#include "phatgoose/base/nearest.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {
namespace {

struct TaskRecords {
  std::vector<Record> records;
  SkippedRows skipped;
};

std::vector<TaskRecords> read_all_records(const Suite& suite, const EvalSettings& settings) {
  const std::optional<std::int64_t>& limit = settings.limit;
  std::vector<TaskRecords> all;
  for (const Task& task : suite.tasks) {
    auto& [records, skipped] = all.emplace_back();
    records =
        read_records(task.data, settings.reading.line_limit(), settings.reading.skip_bad_rows ? &skipped : nullptr);
    if (limit && *limit < std::ssize(records)) records.resize(static_cast<std::size_t>(*limit));
  }
  return all;
}

}  // namespace

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
  const std::vector<TaskRecords> all = read_all_records(suite, settings);
  SuiteRows rows{Tokenizer::of_base(settings.model, vocab_size), {}};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& [records, skipped] = all[i];
    TaskRows& task =
        rows.tasks.emplace_back(prepare_task(suite.tasks[i], records, rows.tokenizer_or_null(), vocab_size, needs[i]));
    task.notes.skip(skipped.count());
    task.notes.warn(task.place(), std::ssize(records));
  }
  return rows;
}

}  // namespace phatgoose
