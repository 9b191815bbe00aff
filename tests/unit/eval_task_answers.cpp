#include "phatgoose/eval/task_answers.h"

#include <catch2/catch.hpp>

#include "phatgoose/eval/generation.h"
#include "support/fails_with.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::random_ids;
using test::tiny_model;

Task make_task(TaskKind kind) {
  Task task;
  task.name = "animals";
  task.data = "animals.jsonl";
  task.kind = kind;
  task.max_new_tokens = 5;
  return task;
}

/// Rows of ids with choices, the right one at a random place.
std::vector<Record> random_records(std::int64_t count) {
  RandomStream random(9);
  std::vector<Record> records;
  for (std::int64_t i = 0; i < count; ++i) {
    Record record;
    record.input_ids = random_ids(random, 2 + random.below(25));
    for (int c = 0; c < 3; ++c) record.choices_ids.push_back(random_ids(random, 2 + random.below(4)));
    record.target_ids = record.choices_ids[random.below(3)];
    record.id = "row" + std::to_string(i);
    record.line = i + 1;
    records.push_back(record);
  }
  return records;
}

TEST_CASE("answers come in the order of the rows and are judged") {
  const T5Model model = tiny_model();
  const std::vector<Record> records = random_records(10);
  const Task task = make_task(TaskKind::rank_classification);
  const TaskRows rows = prepare_task(task, records, nullptr, 120);
  const std::vector<Sample> samples = answer_task(model, nullptr, rows);
  REQUIRE(samples.size() == records.size());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const Sample& sample = samples[i];
    CHECK(sample.task == "animals");
    CHECK(sample.id == records[i].id);
    CHECK(sample.row == static_cast<std::int64_t>(i));
    REQUIRE(sample.log_likelihoods.size() == 3);
    std::size_t best = 0;
    for (std::size_t c = 0; c < 3; ++c) {
      CHECK(sample.num_tokens[c] == static_cast<std::int64_t>(records[i].choices_ids[c].size()));
      const auto mean = [&](std::size_t choice) {
        return sample.log_likelihoods[choice] / static_cast<double>(sample.num_tokens[choice]);
      };
      if (mean(c) > mean(best)) best = c;
    }
    CHECK(sample.prediction == static_cast<std::int64_t>(best));
    CHECK(sample.correct == (records[i].choices_ids[best] == records[i].target_ids));
  }
}

TEST_CASE("generated answers do not depend on how rows are grouped") {
  const T5Model model = tiny_model();
  const std::vector<Record> records = random_records(9);
  const Task task = make_task(TaskKind::generation);
  const TaskRows rows = prepare_task(task, records, nullptr, 120);
  const auto passes = answer_passes(rows, 40);
  CHECK(passes.size() > 1);
  std::size_t answered = 0;
  for (const std::vector<std::int64_t>& pass : passes) {
    const std::vector<Sample> samples = answer_batch(model, nullptr, batch_of(rows, pass), {.tokens = 40});
    for (const Sample& sample : samples) {
      const std::vector<TokenIds> inputs = {records[sample.row].input_ids};
      CHECK(sample.output_ids == generate_greedy(model, pack_ids(inputs, at::kCPU), 5).front());
    }
    answered += samples.size();
  }
  CHECK(answered == records.size());
}

TEST_CASE("rows that do not fit are left out where that is wanted, and listed") {
  std::vector<Record> records = random_records(4);
  const Task task = make_task(TaskKind::rank_classification);
  records[1].choices_ids.clear();
  records[3].choices_ids.front() = {500, 1};  // outside of the vocabulary
  for (std::size_t i = 0; i < records.size(); ++i) records[i].line = static_cast<std::int64_t>(i) + 1;
  SkippedRows skipped;
  const TaskRows rows = prepare_task(task, records, nullptr, 120, {}, &skipped);
  REQUIRE(rows.samples.size() == 2);
  CHECK(rows.questions.size() == 2);
  CHECK(rows.samples[1].row == 2);
  CHECK(rows.lines == std::vector<std::int64_t>{1, 3});
  REQUIRE(skipped.listed().size() == 2);
  CHECK(skipped.listed()[0].line == 2);
  CHECK_THAT(skipped.listed()[0].message, Catch::Contains("choices"));
  CHECK_THAT(skipped.listed()[1].message, Catch::Contains("500"));
}

TEST_CASE("rows that do not fit their task are refused with their line") {
  std::vector<Record> records = random_records(3);
  const Task task = make_task(TaskKind::rank_classification);
  SECTION("no choices") {
    records[1].choices_ids.clear();
    CHECK_THROWS_MATCHES(prepare_task(task, records, nullptr, 120), Error,
                         FailsWith(ExitCode::bad_data, "animals.jsonl:2", "choices"));
  }
  SECTION("text without a tokenizer") {
    records[2].input_ids.clear();
    records[2].input = "text";
    records[2].choices = {"a", "b"};
    records[2].target = "a";
    CHECK_THROWS_MATCHES(prepare_task(task, records, nullptr, 120), Error,
                         FailsWith(ExitCode::bad_data, "animals.jsonl"));
  }
  SECTION("an id beyond the vocabulary") {
    records[0].input_ids.front() = 120;
    CHECK_THROWS_MATCHES(prepare_task(task, records, nullptr, 120), Error,
                         FailsWith(ExitCode::bad_data, "animals.jsonl", "120"));
  }
}

}  // namespace
}  // namespace phatgoose
