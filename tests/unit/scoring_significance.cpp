#include "phatgoose/scoring/significance.h"

#include <catch2/catch.hpp>

#include "phatgoose/base/files.h"
#include "phatgoose/base/random.h"
#include "support/fails_with.h"

namespace phatgoose {
namespace {

using test::FailsWith;

Task tested_task(const std::string& name) { return {name, name + ".jsonl", TaskKind::rank_classification, true, {}}; }

/// Answers of a system: for every example as many rows as there are, each right or wrong.
using Answers = std::vector<std::vector<bool>>;

std::shared_ptr<const TaskTally> tally_of(const std::string& task, const Answers& answers) {
  auto tally = std::make_shared<TaskTally>(tested_task(task));
  std::int64_t row = 0;
  for (std::size_t example = 0; example < answers.size(); ++example) {
    for (const bool right : answers[example]) {
      Sample sample;
      sample.task = task;
      sample.row = row++;
      sample.id = std::to_string(example);
      sample.right = {0};
      sample.num_tokens = {1, 1};
      sample.log_likelihoods = right ? std::vector{-1.0, -2.0} : std::vector{-2.0, -1.0};
      tally->add(std::move(sample));
    }
  }
  return tally;
}

/// Examples of one to three rows, each right with this chance.
Answers random_answers(std::size_t examples, double chance, std::uint64_t seed) {
  RandomStream random(seed);
  Answers answers(examples);
  for (std::size_t e = 0; e < examples; ++e) {
    for (std::size_t row = 0; row <= e % 3; ++row) answers[e].push_back(random.uniform() < chance);
  }
  return answers;
}

PairTest test_pair(const Tallies& ours, const Tallies& theirs) {
  return test_pairs({{{"ours", &ours}, {"theirs", &theirs}}}).at(0);
}

TEST_CASE("Holm's correction, by hand") {
  // Sorted 0.005, 0.01, 0.03, 0.04 times 4, 3, 2, 1: 0.02, 0.03, 0.06, 0.04, which may not fall: 0.06.
  const std::vector<double> p = {0.01, 0.04, 0.03, 0.005}, expected = {0.03, 0.06, 0.06, 0.02};
  const std::vector<double> adjusted = holm(p);
  REQUIRE(adjusted.size() == 4);
  for (std::size_t i = 0; i < 4; ++i) CHECK(adjusted[i] == Approx(expected[i]).margin(1e-15));
  CHECK(holm(std::vector{0.7, 0.6}) == std::vector{1.0, 1.0});
  CHECK(holm(std::vector{0.02}) == std::vector{0.02});
  CHECK(holm(std::vector<double>{}).empty());
}

TEST_CASE("a p-value counts the resamples on the other side of nothing, twice") {
  std::vector<double> differences(999, 1.0);
  CHECK(bootstrap_p(differences) == Approx(2.0 / 1000));
  for (int i = 0; i < 9; ++i) differences[i] = -1;
  CHECK(bootstrap_p(differences) == Approx(20.0 / 1000));
  differences[9] = 0;  // counts on both sides
  CHECK(bootstrap_p(differences) == Approx(22.0 / 1000));
  CHECK(bootstrap_p(std::vector<double>(999, 0.0)) == 1);
  for (double& difference : differences) difference = -difference;
  CHECK(bootstrap_p(differences) == Approx(22.0 / 1000));
}

TEST_CASE("a task's test is that of a loop over resamples, drawn examples and their rows") {
  const Answers ours = random_answers(40, 0.7, 1), theirs = random_answers(40, 0.5, 2);
  const PairTest test = test_pair({tally_of("t", ours)}, {tally_of("t", theirs)});
  const std::string name = "t";
  const std::string hash = content_hash(std::as_bytes(std::span(name.data(), name.size())));
  RandomStream random(kBootstrapSeed, std::stoull(hash, nullptr, 16));
  int below = 0, above = 0;
  std::vector<double> first;
  for (int i = 0; i < kTestResamples; ++i) {
    int right = 0, reference = 0, rows = 0;
    for (std::size_t draw = 0; draw < ours.size(); ++draw) {
      const std::size_t example = random.below(ours.size());
      for (std::size_t row = 0; row < ours[example].size(); ++row) {
        right += ours[example][row] ? 1 : 0;
        reference += theirs[example][row] ? 1 : 0;
        ++rows;
      }
    }
    below += right <= reference ? 1 : 0;
    above += right >= reference ? 1 : 0;
    if (i < kResamples) first.push_back(100.0 * (right - reference) / rows);
  }
  const Difference& found = test.tasks.at(0).difference;
  CHECK(found.p == Approx(std::min(1.0, 2.0 * (std::min(below, above) + 1) / (kTestResamples + 1))));
  CHECK(found.p < 0.5);
  CHECK(found.p > 2.0 / kTestResamples);
  CHECK(found.interval.low == Approx(interval_of(first).low).margin(1e-9));
  CHECK(found.interval.high == Approx(interval_of(first).high).margin(1e-9));
  CHECK(test.mean.p == found.p);  // of one task
  CHECK(test.tasks[0].p_holm == found.p);
}

TEST_CASE("a pair is tested over the tasks that both have, and their mean") {
  const Tallies ours = {tally_of("a", random_answers(30, 0.9, 1)), tally_of("b", random_answers(30, 0.5, 2)),
                        tally_of("only ours", random_answers(5, 0.5, 3))};
  const Tallies theirs = {tally_of("b", random_answers(30, 0.5, 4)), tally_of("a", random_answers(30, 0.3, 5))};
  const PairTest test = test_pair(ours, theirs);
  REQUIRE(test.tasks.size() == 2);
  CHECK(test.tasks[0].task == "a");
  CHECK(test.tasks[0].p_holm == Approx(2 * test.tasks[0].difference.p));
  CHECK(test.tasks[1].p_holm == test.tasks[1].difference.p);
  CHECK(test.mean.score == Approx((test.tasks[0].difference.score + test.tasks[1].difference.score) / 2));
  CHECK(test_pairs({{{"ours", &ours}, {"none", &ours}}}).at(0).mean.p == 1);
  const Tallies other = {tally_of("c", random_answers(5, 0.5, 1))};
  CHECK(test_pairs({{{"ours", &ours}, {"other", &other}}}).empty());
}

TEST_CASE("a paired difference is sharper than two intervals") {
  Answers ours, reference;
  for (int row = 0; row < 200; ++row) {
    reference.push_back({row % 3 == 0});
    ours.push_back({row % 3 == 0 || row % 20 == 1});
  }
  const Tallies mine = {tally_of("t", ours)}, theirs = {tally_of("t", reference)};
  const Difference difference = test_pair(mine, theirs).mean;
  CHECK(difference.score == Approx(score_suite(mine).mean.score - score_suite(theirs).mean.score));
  CHECK(difference.interval.low > 0);
  CHECK(difference.p < 0.01);
  const Interval alone = score_suite(mine).mean.interval;
  CHECK(difference.interval.high - difference.interval.low < alone.high - alone.low);
  const Difference none = test_pair(mine, mine).mean;
  CHECK(none.interval.low == 0);
  CHECK(none.interval.high == 0);
}

TEST_CASE("under the null hypothesis about one p-value in twenty is below 0.05") {
  int small = 0;
  for (std::uint64_t trial = 0; trial < 200; ++trial) {
    const std::string task = "null " + std::to_string(trial);
    const Tallies ours = {tally_of(task, random_answers(60, 0.5, 2 * trial))};
    const Tallies theirs = {tally_of(task, random_answers(60, 0.5, 2 * trial + 1))};
    small += test_pair(ours, theirs).mean.p < 0.05 ? 1 : 0;
  }
  CHECK(small >= 3);
  CHECK(small <= 21);
}

TEST_CASE("results for different rows, or with other right answers, are no pair") {
  const Answers answers = random_answers(6, 0.5, 1);
  const Tallies ours = {tally_of("t", answers)}, fewer = {tally_of("t", random_answers(5, 0.5, 1))};
  CHECK_THROWS_MATCHES(test_pair(ours, fewer), Error, FailsWith(ExitCode::bad_data, "task t", "different rows"));
  auto other = std::make_shared<TaskTally>(tested_task("t"));
  for (std::int64_t row = 0, example = 0; example < 6; ++example) {
    for (std::size_t i = 0; i < answers[example].size(); ++i) {
      Sample sample;
      sample.task = "t";
      sample.row = row++;
      sample.id = std::to_string(example);
      sample.right = {1};
      sample.num_tokens = {1, 1};
      sample.log_likelihoods = {-1, -2};
      other->add(std::move(sample));
    }
  }
  CHECK_THROWS_MATCHES(test_pair(ours, {other}), Error, FailsWith(ExitCode::bad_data, "different rows"));
}

}  // namespace
}  // namespace phatgoose
