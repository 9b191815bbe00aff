#include "phatgoose/jobs/validation.h"

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
    TaskRows rows = prepare_task(task, file.records, data.tokenizer.get(), model.config().vocab_size);
    for (std::size_t i = 0; i < file.tasks.size(); ++i) rows.questions[i].facts.task = file.tasks[i];
    const std::vector<Sample> samples = answer_task(model, data.tokenizer.get(), rows);
    const auto right = static_cast<double>(std::ranges::count_if(samples, &Sample::correct));
    sum += right / static_cast<double>(samples.size());
  }
  return sum / static_cast<double>(data.valid_files.size());
}

Validator make_validator(const T5Model& model, const Objective& objective, const TrainingData& data,
                         std::int64_t pass_tokens) {
  if (data.valid.empty()) return {};
  const bool has_accuracy = data.valid_rows_have_choices();
  return [&model, &objective, &data, pass_tokens, has_accuracy]() -> std::optional<Validation> {
    const std::optional<double> loss = mean_loss(objective, data.valid, pass_tokens);
    if (!loss) return std::nullopt;
    Validation validation{.loss = *loss};
    if (has_accuracy) validation.accuracy = validation_accuracy(model, data);
    return validation;
  };
}

}  // namespace phatgoose
