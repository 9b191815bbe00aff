#include "phatgoose/eval/suite_rows.h"

#include "phatgoose/base/error.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {
SuiteRows prepare_suite(const Suite& suite, const fs::path& base, const RowChoice& choice,
                        const std::vector<RowNeeds>& needs) {
  const std::int64_t vocab_size = read_t5_config(base).vocab_size;
  std::vector<ChosenRows> chosen;
  for (const Task& task : suite.tasks) chosen.push_back(choose_rows(task, choice));
  SuiteRows rows{Tokenizer::of_base(base, vocab_size), {}};
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    auto& [records, places, available, left_out, skipped] = chosen[i];
    SkippedRows unfit;
    TaskRows& task = rows.tasks.emplace_back(prepare_task(suite.tasks[i], records, rows.tokenizer_or_null(), vocab_size,
                                                          needs[i], choice.skip_bad ? &unfit : nullptr));
    unfit.warn(task.task.data.string());
    for (Sample& sample : task.samples) sample.row = places[sample.row];
    task.available = available;
    task.left_out = left_out;
    task.skipped = std::move(skipped);
    task.skipped.add(unfit);
    task.notes.warn(task.place(), std::ssize(task.samples));
    if (task.samples.empty()) refuse(task.place(), "no row that can be evaluated", "at least one");
  }
  return rows;
}

}  // namespace phatgoose
