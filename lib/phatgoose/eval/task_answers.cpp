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

void choose(const T5Model& model, const ScoringPasses& passes, RowBatch& batch) {
  std::vector<ChoiceScores> scores = score_choices(model, batch.questions, passes);
  for (std::size_t i = 0; i < scores.size(); ++i) {
    batch.samples[i].log_likelihoods = std::move(scores[i].log_likelihoods);
    batch.samples[i].num_tokens = std::move(scores[i].num_tokens);
  }
}

std::vector<std::vector<std::int64_t>> generation_passes(std::span<const Question> questions, std::int64_t tokens) {
  std::vector<std::int64_t> lengths;
  for (const Question& question : questions) lengths.push_back(std::ssize(question.input));
  return length_groups(lengths, tokens);
}

void generate(const T5Model& model, const Tokenizer* tokenizer, const ScoringPasses& passes, RowBatch& batch) {
  for (const std::vector<std::int64_t>& group : generation_passes(batch.questions, passes.tokens)) {
    std::vector<TokenIds> inputs;
    std::vector<InputFacts> facts;
    for (const std::int64_t row : group) {
      inputs.push_back(batch.questions[row].input);
      facts.push_back(batch.questions[row].facts);
    }
    const PackedIds packed = pack_questions(inputs, facts, model.device());
    const std::vector<TokenIds> outputs = generate_greedy(model, packed, batch.task->max_new_tokens, passes.encoder);
    for (std::size_t i = 0; i < group.size(); ++i) {
      Sample& sample = batch.samples[group[i]];
      if (sample.has_ids()) {
        sample.output_ids = outputs[i];
      } else {
        sample.output = tokenizer->decode(outputs[i]);
      }
    }
  }
}

/// A text that is yet to be generated has no labels.
void check_labelled(const Task& task) {
  if (task.kind == TaskKind::rank_classification) return;
  const auto readers = router_names(&RouterKind::follows_labels);
  refuse("task " + task.name, fmt::format("generation, for the router {}", fmt::join(readers, " or ")),
         "rank classification", "--tasks, or tasks in a methods file, selects other tasks");
}

/// Does `work` on a record. A bad one is noted where that is wanted: false.
template <typename Work>
bool admit(const Record& record, SkippedRows* skipped, Work work) {
  if (skipped == nullptr) {
    in_row(record, work);
    return true;
  }
  try {
    work();
  } catch (const Error& error) {
    if (error.code() != ExitCode::bad_data) throw;
    skipped->add({.line = record.line, .message = error.what()});
    return false;
  }
  return true;
}

}  // namespace

TaskRows prepare_task(const Task& task, const std::vector<Record>& records, const Tokenizer* tokenizer,
                      std::int64_t vocab_size, RowNeeds needs, SkippedRows* skipped) {
  if (needs.labels) check_labelled(task);
  RowEncoder encoder(tokenizer, vocab_size);
  const bool with_choices = task.kind == TaskKind::rank_classification;
  TaskRows rows{task, {}, {}, {}};
  const auto add = [&](const Record& record, std::int64_t number) {
    Sample sample = sample_of(record, task, number);
    Question question{encoder.input(record, task.max_input), {}};
    if (with_choices) question.choices = encoder.choices(record, sample.right);
    if (needs.texts) rows.texts.push_back(retrieval_text(record, tokenizer));
    rows.samples.push_back(std::move(sample));
    rows.questions.push_back(std::move(question));
    rows.lines.push_back(record.line);
    rows.descriptions.push_back(record.description);
    rows.own_tasks.push_back(record.task);
  };
  in(task.data, [&] {
    for (std::size_t i = 0; i < records.size(); ++i) {
      const Record& record = records[i];
      if (!admit(record, skipped, [&] { add(record, static_cast<std::int64_t>(i)); })) continue;
      const Question& question = rows.questions.back();
      if (!needs.labels) continue;
      in_row(record, [&] { rows.labels.add(record, question.input, question.choices, tokenizer); });
    }
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

std::vector<std::int64_t> row_task_numbers(const TaskRows& rows, const TaskNumbers& numbers) {
  std::vector<std::int64_t> of_rows;
  for (std::size_t row = 0; row < rows.samples.size(); ++row) {
    const std::string &own = rows.own_tasks[row], &template_name = rows.samples[row].template_name;
    const bool row_decides = !own.empty() || !template_name.empty();
    const std::string place =
        row_decides ? fmt::format("{}:{}", rows.task.data.string(), rows.lines[row]) : rows.place();
    const std::string& name = own.empty() ? rows.task.own_expert() : own;
    of_rows.push_back(in(place, [&] { return numbers.number(name, template_name); }));
  }
  return of_rows;
}

RowBatch batch_of(const TaskRows& rows, std::span<const std::int64_t> numbers) {
  RowBatch batch{&rows.task, {}, {}};
  for (const std::int64_t number : numbers) {
    batch.questions.push_back(rows.questions[number]);
    batch.samples.push_back(rows.samples[number]);
  }
  return batch;
}

std::vector<std::vector<std::int64_t>> answer_passes(const TaskRows& rows, std::int64_t tokens) {
  return rows.task.kind == TaskKind::rank_classification ? question_passes(rows.questions, tokens)
                                                         : generation_passes(rows.questions, tokens);
}

std::vector<Sample> answer_batch(const T5Model& model, const Tokenizer* tokenizer, RowBatch batch,
                                 const ScoringPasses& passes) {
  if (batch.task->kind == TaskKind::rank_classification) {
    choose(model, passes, batch);
  } else {
    generate(model, tokenizer, passes, batch);
  }
  for (Sample& sample : batch.samples) judge(sample, batch.task->length_normalise);
  return std::move(batch.samples);
}

std::vector<Sample> answer_task(const T5Model& model, const Tokenizer* tokenizer, const TaskRows& rows) {
  return answer_batch(model, tokenizer, {&rows.task, rows.questions, rows.samples});
}

}  // namespace phatgoose
