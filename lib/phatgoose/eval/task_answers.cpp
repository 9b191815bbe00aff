#include "phatgoose/eval/task_answers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "phatgoose/base/error.h"
#include "phatgoose/data/batching.h"
#include "phatgoose/data/row_encoder.h"
#include "phatgoose/embed/retrieval_text.h"
#include "phatgoose/eval/generation.h"
#include "phatgoose/scoring/judge.h"
#include "phatgoose/store/router_kinds.h"

namespace phatgoose {
namespace {

void choose(const T5Model& model, const TaskRows& rows, const AnswerPasses& passes, std::vector<Sample>& samples) {
  const ScoringPasses scoring{passes.tokens, passes.on_rows, passes.encoder};
  std::vector<ChoiceScores> scores = score_choices(model, rows.questions, scoring);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    samples[i].log_likelihoods = std::move(scores[i].log_likelihoods);
    samples[i].num_tokens = std::move(scores[i].num_tokens);
  }
}

void generate(const T5Model& model, const Tokenizer* tokenizer, const TaskRows& rows, const AnswerPasses& passes,
              std::vector<Sample>& samples) {
  std::vector<std::int64_t> lengths;
  for (const Question& row : rows.questions) lengths.push_back(static_cast<std::int64_t>(row.input.size()));
  std::int64_t finished = 0;
  for (const std::vector<std::int64_t>& group : length_groups(lengths, passes.tokens)) {
    std::vector<TokenIds> inputs;
    std::vector<std::vector<float>> expert_scores;
    for (const std::int64_t row : group) {
      inputs.push_back(rows.questions[row].input);
      expert_scores.push_back(rows.questions[row].expert_scores);
    }
    const PackedIds packed = pack_questions(inputs, expert_scores, model.device());
    const std::vector<TokenIds> outputs = generate_greedy(model, packed, rows.task.max_new_tokens, passes.encoder);
    for (std::size_t i = 0; i < group.size(); ++i) {
      Sample& sample = samples[group[i]];
      if (sample.has_ids()) {
        sample.output_ids = outputs[i];
      } else {
        sample.output = tokenizer->decode(outputs[i]);
      }
    }
    finished += static_cast<std::int64_t>(group.size());
    if (passes.on_rows) passes.on_rows(finished);
  }
}

/// A text that is yet to be generated has no labels.
void check_labelled(const Task& task) {
  if (task.kind == TaskKind::rank_classification) return;
  const auto readers = router_names(&RouterKind::follows_labels);
  refuse("task " + task.name, fmt::format("generation, for the router {}", fmt::join(readers, " or ")),
         "rank classification", "--tasks, or tasks in a methods file, selects other tasks");
}

}  // namespace

TaskRows prepare_task(const Task& task, const std::vector<Record>& records, const Tokenizer* tokenizer,
                      std::int64_t vocab_size, RowNeeds needs) {
  if (needs.labels) check_labelled(task);
  RowEncoder encoder(tokenizer, vocab_size);
  const bool with_choices = task.kind == TaskKind::rank_classification;
  TaskRows rows{task, {}, {}, {}};
  const auto add = [&](const Record& record) {
    rows.samples.push_back(sample_of(record, task, static_cast<std::int64_t>(rows.samples.size())));
    TokenIds input = encoder.input(record, task.max_input);
    rows.questions.push_back({std::move(input), {}});
    if (with_choices) rows.questions.back().choices = encoder.choices(record, rows.samples.back().right);
    rows.lines.push_back(record.line);
    if (needs.texts) rows.texts.push_back(retrieval_text(record, tokenizer));
    const Question& question = rows.questions.back();
    if (needs.labels) rows.labels.add(record, question.input, question.choices, tokenizer);
  };
  in(task.data, [&] {
    for (const Record& record : records) in_row(record, [&] { add(record); });
  });
  rows.notes = encoder.notes();
  return rows;
}

void follow_labels(TaskRows& rows, const std::vector<std::string>& experts) {
  const ExpertNumbers places = in(rows.task.data, [&] { return rows.labels.places_in(experts); });
  const auto placed = [&](ExpertNumbers numbers) {
    for (std::int32_t& number : numbers) number = places[number];
    return numbers;
  };
  for (std::size_t row = 0; row < rows.questions.size(); ++row) {
    Question& question = rows.questions[row];
    const TokenLabels::Row& labels = rows.labels.rows()[row];
    question.input_experts = placed(labels.input);
    for (const ExpertNumbers& choice : labels.choices) question.choices_experts.push_back(placed(choice));
  }
}

std::vector<Sample> answer_task(const T5Model& model, const Tokenizer* tokenizer, const TaskRows& rows,
                                const AnswerPasses& passes) {
  std::vector<Sample> samples = rows.samples;
  if (rows.task.kind == TaskKind::rank_classification) {
    choose(model, rows, passes, samples);
  } else {
    generate(model, tokenizer, rows, passes, samples);
  }
  for (Sample& sample : samples) judge(sample, rows.task.length_normalise);
  return samples;
}

}  // namespace phatgoose
