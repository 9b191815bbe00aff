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
  std::int64_t reported = 0;
  const std::vector<Sample> samples =
      answer_task(model, nullptr, prepare_task(task, records, nullptr, 120),
                  {.tokens = 40, .on_rows = [&](std::int64_t rows) { reported = rows; }});
  CHECK(reported == 9);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::vector<TokenIds> inputs = {records[i].input_ids};
    CHECK(samples[i].output_ids == generate_greedy(model, pack_ids(inputs, at::kCPU), 5).front());
  }
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
