#include "phatgoose/train/validation_accuracy.h"

#include <algorithm>

#include "phatgoose/eval/task_answers.h"

namespace phatgoose {

double validation_accuracy(const T5Model& model, const TrainingData& data) {
  std::int64_t right = 0, count = 0;
  for (const ValidationFile& file : data.valid_files) {
    Task task;
    task.data = file.path;
    task.kind = TaskKind::rank_classification;
    task.max_input_length = data.max_input;
    const TaskRows rows = prepare_task(task, file.records, data.tokenizer.get(), model.config().vocab_size);
    const std::vector<Sample> samples = answer_task(model, data.tokenizer.get(), rows);
    right += std::ranges::count_if(samples, &Sample::correct);
    count += static_cast<std::int64_t>(samples.size());
  }
  return static_cast<double>(right) / static_cast<double>(count);
}

}  // namespace phatgoose
