#include "phatgoose/jobs/validation_accuracy.h"

#include <algorithm>

#include "phatgoose/eval/task_answers.h"

namespace phatgoose {

double validation_accuracy(const T5Model& model, const TrainingData& data) {
  double sum = 0;
  for (const ValidationFile& file : data.valid_files) {
    Task task;
    task.data = file.path;
    task.kind = TaskKind::rank_classification;
    task.max_input = data.max_input;
    const TaskRows rows = prepare_task(task, file.records, data.tokenizer.get(), model.config().vocab_size);
    const std::vector<Sample> samples = answer_task(model, data.tokenizer.get(), rows);
    const auto right = static_cast<double>(std::ranges::count_if(samples, &Sample::correct));
    sum += right / static_cast<double>(samples.size());
  }
  return sum / static_cast<double>(data.valid_files.size());
}

}  // namespace phatgoose
