#include "phatgoose/scoring/score.h"

#include <catch2/catch.hpp>
#include <limits>

#include "phatgoose/report/results.h"
#include "phatgoose/report/table.h"
#include "phatgoose/scoring/bleu.h"
#include "phatgoose/scoring/judge.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;
using test::write_text;

Task choice_task(const std::string& name, bool length_normalise = true) {
  return {.name = name,
          .data = name + ".jsonl",
          .kind = TaskKind::rank_classification,
          .length_normalise = length_normalise,
          .metrics = {}};
}

Task text_task(const std::string& name, std::vector<std::string> metrics) {
  return {.name = name, .data = name + ".jsonl", .kind = TaskKind::generation, .metrics = std::move(metrics)};
}

Sample choice_sample(const std::string& task, std::int64_t row, std::vector<double> log_likelihoods,
                     std::vector<std::int64_t> right) {
  Sample sample;
  sample.task = task;
  sample.row = row;
  sample.id = "example " + std::to_string(row / 2);
  sample.template_name = row % 2 == 0 ? "even" : "odd";
  sample.target = "answer";
  sample.num_tokens = {2, 4, 3};
  sample.num_tokens.resize(log_likelihoods.size());
  sample.log_likelihoods = std::move(log_likelihoods);
  sample.right = std::move(right);
  return sample;
}

Sample text_sample(const std::string& task, std::int64_t row, std::string output, std::string target) {
  Sample sample;
  sample.task = task;
  sample.row = row;
  sample.id = std::to_string(row);
  sample.output = std::move(output);
  sample.target = std::move(target);
  return sample;
}

TEST_CASE("the choice with the highest log-likelihood per token is predicted") {
  Sample sample = choice_sample("t", 0, {-4, -6, -9}, {1});
  judge(sample, true);  // -2, -1.5, -3
  CHECK(sample.prediction == 1);
  CHECK(sample.correct);
  judge(sample, false);
  CHECK(sample.prediction == 0);
  CHECK_FALSE(sample.correct);
}

TEST_CASE("ties go to the lower index and any right choice is a hit") {
  Sample sample = choice_sample("t", 0, {-4, -8, -3}, {1, 2});
  judge(sample, true);  // -2, -2, -1
  CHECK(sample.prediction == 2);
  CHECK(sample.correct);
  sample.log_likelihoods = {-4, -8, -9};
  judge(sample, true);
  CHECK(sample.prediction == 0);
  CHECK_FALSE(sample.correct);
}

TEST_CASE("a log-likelihood that is no finite number stops the scoring") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
    Sample sample = choice_sample("t", 7, {-1, bad}, {0});
    CHECK_THROWS_MATCHES(judge(sample, true), Error, FailsWith(ExitCode::diverged, "task t, row 7"));
  }
}

TEST_CASE("generated text is right when it equals an answer after strip; ids when they are equal up to EOS") {
  Sample sample = text_sample("t", 0, " Blue\n", "red");
  sample.targets = {"Blue"};
  judge(sample, true);
  CHECK(sample.correct);
  sample.targets = {"blue"};
  judge(sample, true);
  CHECK_FALSE(sample.correct);

  Sample ids;
  ids.target_ids = {5, 6};
  ids.output_ids = {5, 6, kEosId};
  judge(ids, true);
  CHECK(ids.correct);
  ids.target_ids = {5, 6, kEosId};
  judge(ids, true);
  CHECK(ids.correct);
  ids.output_ids = {5, kEosId};
  judge(ids, true);
  CHECK_FALSE(ids.correct);
}

std::vector<Sample> two_tasks() {
  std::vector<Sample> samples;
  // Rows 0 and 1 are right, 2 right, 3 wrong.
  samples.push_back(choice_sample("choices", 3, {-4, -2}, {0}));
  samples.push_back(choice_sample("choices", 0, {-4, -2}, {1}));
  samples.push_back(choice_sample("choices", 1, {-1, -40}, {0}));
  samples.push_back(choice_sample("choices", 2, {-4, -2}, {1}));
  samples.push_back(text_sample("text", 0, "the geese fly south in autumn", "the geese fly south in autumn"));
  samples.push_back(text_sample("text", 1, "The geese!", "the geese"));
  samples.push_back(text_sample("text", 2, "a goose", "the geese stay here all winter long"));
  return samples;
}

const std::vector<Task> kTwoTasks = {choice_task("choices"),
                                     text_task("text", {"exact_match", "rouge_l", "squad_f1", "bleu"})};

TEST_CASE("a suite's score is the mean over tasks, a task's the mean over rows") {
  const std::vector<Sample> samples = two_tasks();
  const SuiteScore suite = score_suite(tally_samples(kTwoTasks, samples));
  REQUIRE(suite.tasks.size() == 2);
  const TaskScore& choices = suite.tasks[0];
  REQUIRE(choices.metrics.size() == 2);
  CHECK(choices.metrics[0].metric == "accuracy");
  CHECK(choices.metrics[1].metric == "accuracy_by_sum");
  CHECK(choices.metrics[1].score == Approx(75));
  CHECK(choices.metrics[0].score == Approx(75));
  CHECK(choices.metrics[0].interval.low == Approx(50));
  CHECK(choices.metrics[0].interval.high == Approx(100));
  CHECK(choices.rows == 4);
  CHECK(choices.examples == 2);
  REQUIRE(choices.templates.size() == 2);
  CHECK(choices.templates[0].template_name == "even");
  CHECK(choices.templates[0].score.score == Approx(100));
  CHECK(choices.templates[1].score.score == Approx(50));
  CHECK(choices.templates[1].rows == 2);
  CHECK(choices.templates[1].examples == 2);

  const TaskScore& text = suite.tasks[1];
  std::vector<std::string> names;
  for (const MetricScore& metric : text.metrics) names.push_back(metric.metric);
  CHECK(names == std::vector<std::string>{"exact_match", "normalised_match", "rouge_l", "squad_f1", "bleu"});
  CHECK(text.metrics[0].score == Approx(100.0 / 3));
  CHECK(text.metrics[1].score == Approx(200.0 / 3));
  ExampleSums bleu(kBleuStatistics);
  for (const Sample& sample : samples) {
    if (sample.task == "text") bleu.add(bleu.examples(), bleu_statistics(sample.output, sample.answers()));
  }
  CHECK(text.metrics[4].score == Approx(bleu_score(bleu.total())));
  CHECK_FALSE(text.over_templates);
  CHECK(suite.mean.score == Approx((75 + 100.0 / 3) / 2));
  CHECK(suite.mean.interval.low < suite.mean.score);
  CHECK(suite.mean.interval.high > suite.mean.score);
}

TEST_CASE("scores computed again from the written files are the same to the last bit") {
  const ScratchDirectory scratch;
  std::vector<Sample> samples = two_tasks();
  Sample ids;
  ids.task = "ids";
  ids.id = "rows.jsonl:1";
  ids.target_ids = {4, 1};
  ids.output_ids = {4, 1};
  samples.push_back(ids);
  samples[1].log_likelihoods = {-4.0123456789012345, -1.0 / 3};
  samples[4].targets = {"the geese", "more"};
  Suite suite{.name = "both", .tasks = kTwoTasks};
  suite.tasks.push_back(text_task("ids", {"exact_match"}));
  for (Task& task : suite.tasks) {
    task.data = scratch / task.data.string();
    write_text(task.data, "data of " + task.name);
  }
  suite.missing = {"gated"};
  suite.tasks[0].source = "the hub";
  suite.tasks[0].mixture = "P3";
  suite.tasks[1].templates = {.only = {"GPT-3 style"}, .without = {"plain"}, .in_turn = true};
  for (Sample& sample : samples) judge(sample, true);
  const SuiteScore scores = score_suite(tally_samples(suite.tasks, samples));
  const Provenance provenance{.settings = {{"limit", 3}}, .versions = {{"libtorch", "2"}}, .seed = 5, .dtype = "fp32"};
  std::vector<TaskData> data(suite.tasks.size());
  data[0].notes.add(RowNote::cut_input, 3, 8);
  data[0].available = 12;
  data[0].left_out = 4;
  data[1].skipped.add({.line = 7, .message = "no \"input\""});
  const auto whole = [&](const Suite& of, const SuiteScore& with) {
    Json json = results_frame(of, data, provenance);
    set_timing(json, of, {.task_seconds = {1, 2, 0.5}, .peak_memory = 5 << 20}, 7);
    set_scores(json, with);
    return json.dump(2);
  };
  write_text(scratch / "results.json", whole(suite, scores));
  write_samples(scratch / "samples.jsonl", samples);

  const Results results = read_results(scratch / "results.json");
  std::vector<Sample> again = read_samples(scratch / "samples.jsonl");
  for (Sample& sample : again) {
    sample.correct = false;
    if (sample.has_choices()) sample.prediction = 0;
  }
  const SuiteScore rescored = score_suite(tally_samples(results.suite.tasks, again));
  CHECK(whole(results.suite, rescored) == whole(suite, scores));
  CHECK(results.scores.mean.score == scores.mean.score);
  for (std::size_t t = 0; t < scores.tasks.size(); ++t) {
    CHECK(results.scores.tasks[t].rows == scores.tasks[t].rows);
    CHECK(metrics_json(results.scores.tasks[t]) == metrics_json(scores.tasks[t]));
  }
  CHECK(results.json.at("timing").at("wall_seconds") == 3.5);
  CHECK(results.json.at("timing").at("rows_per_second") == 2.0);
  CHECK(results.json.at("timing").at("peak_memory_mib") == 5);
  CHECK(results.json.at("tasks").at(1).at("skipped_rows") == 1);
  CHECK(results.json.at("tasks").at(1).at("bad_rows") == Json::parse(R"([{"line": 7, "message": "no \"input\""}])"));
  CHECK(results.json.at("tasks").at(0).at("rows_with").at("cut_input") == 1);
  CHECK(results.json.at("tasks").at(0).at("rows_available") == 12);
  CHECK(results.json.at("tasks").at(0).at("rows_left_out") == 4);
  CHECK(results.json.at("tasks").at(0).at("source") == "the hub");
  CHECK(results.json.at("tasks").at(0).at("mixture") == "P3");
  CHECK_FALSE(results.json.at("tasks").at(0).contains("template_rule"));
  CHECK(results.json.at("tasks").at(1).at("rows_with").at("cut_input") == 0);
  CHECK_FALSE(results.json.at("tasks").at(1).contains("source"));
  CHECK(results.json.at("tasks").at(1).at("template_rule") ==
        Json({{"templates", {"GPT-3 style"}}, {"without_templates", {"plain"}}, {"in_turn", true}}));
  CHECK(results.json.at("missing_tasks") == Json({"gated"}));
  CHECK(results.json.at("hashes").at("data").size() == 3);
  CHECK(results.json.at("versions").contains("phatgoose"));
  CHECK(results.json.at("versions").at("libtorch") == "2");
  CHECK(results.json.at("settings").at("limit") == 3);
  CHECK(results.json.at("seed") == 5);
}

TEST_CASE("a row of samples.jsonl holds what scoring needs") {
  Sample choice = choice_sample("t", 4, {-1.5, -2}, {0});
  judge(choice, true);
  const Json row = to_json(choice);
  CHECK(row.dump() ==
        R"({"task":"t","row":4,"id":"example 2","template":"even","log_likelihoods":[-1.5,-2.0],"num_tokens":[2,4],)"
        R"("prediction":1,"right":[0],"target":"answer","correct":false})");
  Sample text = text_sample("t", 0, "out", "in");
  CHECK(to_json(text).dump() == R"({"task":"t","row":0,"id":"0","output":"out","target":"in","correct":false})");
}

TEST_CASE("damaged samples are refused with their line") {
  const ScratchDirectory scratch;
  Sample sample = choice_sample("t", 0, {-1, -4}, {0});
  judge(sample, true);
  const std::string good = to_json(sample).dump();
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string line = good;
    line.replace(line.find(from), from.size(), to);
    return line;
  };
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"{", "samples.jsonl:2"},
      {with("\"task\"", "\"tusk\""), "no \"task\""},
      {with("\"log_likelihoods\"", "\"scores\""), "no \"log_likelihoods\""},
      {with("[2,4]", "[2]"), "\"num_tokens\""},
      {with("[2,4]", "[2,0]"), "\"num_tokens\" below 1"},
      {with("[0]", "[]"), "\"right\""},
      {with("[0]", "[2]"), "\"right\""},
      {with("\"prediction\":0", "\"prediction\":2"), "\"prediction\""},
      {with("\"correct\":true", "\"correct\":0"), "\"correct\" is 0"},
  };
  for (const auto& [line, words] : cases) {
    write_text(scratch / "samples.jsonl", to_json(text_sample("t", 0, "a", "b")).dump() + "\n" + line + "\n");
    INFO(line);
    CHECK_THROWS_MATCHES(read_samples(scratch / "samples.jsonl"), Error,
                         FailsWith(ExitCode::bad_data, "samples.jsonl:2", words));
  }
}

TEST_CASE("samples must fit the suite") {
  const std::vector<Sample> samples = two_tasks();
  CHECK_THROWS_MATCHES(tally_samples({choice_task("choices")}, samples), Error,
                       FailsWith(ExitCode::bad_data, "task text, row 0", "the suite lacks"));
  CHECK_THROWS_MATCHES(tally_samples({kTwoTasks[0], kTwoTasks[1], choice_task("third")}, samples), Error,
                       FailsWith(ExitCode::bad_data, "task third", "no predictions"));
  Sample ids;
  ids.task = "ids";
  ids.target_ids = {4};
  const std::vector<Sample> rows = {ids};
  CHECK_THROWS_MATCHES(tally_samples({text_task("ids", {"rouge_l"})}, rows), Error,
                       FailsWith(ExitCode::bad_data, "token ids", "rouge_l"));
}

TEST_CASE("a metric that is not known, samples of the other kind, and rows that come twice are refused") {
  CHECK_THROWS_MATCHES(metrics_of(text_task("new", {"chrf"})), Error,
                       FailsWith(ExitCode::bad_data, "task new", "metric \"chrf\""));
  const Sample choice = choice_sample("t", 0, {-1, -2}, {0}), text = text_sample("t", 0, "a", "b");
  CHECK_THROWS_MATCHES(tally_samples({text_task("t", {"exact_match"})}, {choice}), Error,
                       FailsWith(ExitCode::bad_data, "task t, row 0", "scores of choices", "generation"));
  CHECK_THROWS_MATCHES(tally_samples({choice_task("t")}, {text}), Error,
                       FailsWith(ExitCode::bad_data, "a generated text", "rank_classification"));
  CHECK_THROWS_MATCHES(tally_samples({choice_task("t")}, {choice, choice}), Error,
                       FailsWith(ExitCode::bad_data, "task t, row 0", "after row 0"));
}

TEST_CASE("every metric that a suite may ask for is known, and another may come first") {
  for (const std::string& name : generation_metrics()) {
    CAPTURE(name);
    const std::vector<Metric> metrics = metrics_of(text_task("t", {name}));
    CHECK(metrics.front().name == name);
    CHECK(metrics.size() == (name == "exact_match" ? 2 : 1));
    CHECK(metrics.front().statistics(text_sample("t", 0, "a", "b")).size() == metrics.front().width);
  }
  const auto names = [](const TaskTally& tally) {
    std::vector<std::string> all;
    for (const Metric& metric : tally.metrics()) all.push_back(metric.name);
    return all;
  };
  using Names = std::vector<std::string>;
  const Task task = text_task("t", {"rouge_1", "exact_match", "squad_em"});
  CHECK(names(TaskTally(task)) == Names{"rouge_1", "exact_match", "squad_em"});
  CHECK(names(TaskTally(task, "squad_em")) == Names{"squad_em", "rouge_1", "exact_match"});
  CHECK(names(TaskTally(task, "bleu")) == Names{"rouge_1", "exact_match", "squad_em"});
}

TEST_CASE("the other rule's accuracy stands beside that of the task's") {
  // Per token the second choice is best, by sums the first.
  const std::vector<Sample> samples = {choice_sample("t", 0, {-4, -6}, {1}), choice_sample("t", 1, {-4, -6}, {1}),
                                       choice_sample("t", 2, {-4, -6}, {0})};
  const TaskScore mean = score_suite(tally_samples({choice_task("t", true)}, samples)).tasks[0];
  CHECK(mean.metrics[0].score == Approx(200.0 / 3));
  CHECK(mean.metrics[1].metric == "accuracy_by_sum");
  CHECK(mean.metrics[1].score == Approx(100.0 / 3));
  const TaskScore sum = score_suite(tally_samples({choice_task("t", false)}, samples)).tasks[0];
  CHECK(sum.metrics[0].score == Approx(100.0 / 3));
  CHECK(sum.metrics[1].metric == "accuracy_by_mean");
  CHECK(sum.metrics[1].score == Approx(200.0 / 3));
}

TEST_CASE("templates have intervals, and their median and mean are resampled with the examples") {
  // Examples 0 ... 19 in the templates a, b and c; c has the first five only. Right: all of a, half of b, none of c.
  TaskTally tally(choice_task("t"));
  std::int64_t row = 0;
  for (int example = 0; example < 20; ++example) {
    for (const std::string name : {"a", "b", "c"}) {
      if (name == "c" && example >= 5) continue;
      Sample sample = choice_sample("t", row++, {-1, -9}, {name == "a" || (name == "b" && example % 2 == 0) ? 0 : 1});
      sample.id = std::to_string(example);
      sample.template_name = name;
      tally.add(std::move(sample));
    }
  }
  const TaskScore score = score_task(tally);
  REQUIRE(score.templates.size() == 3);
  CHECK(score.templates[1].score.score == 50);
  CHECK(score.templates[1].score.interval.low < 40);
  CHECK(score.templates[1].score.interval.high > 60);
  CHECK(score.templates[2].rows == 5);
  CHECK(score.templates[2].examples == 5);
  CHECK(score.templates[2].score.interval.high == 0);
  REQUIRE(score.over_templates);
  CHECK(score.over_templates->median.score == 50);
  CHECK(score.over_templates->mean.score == 50);
  CHECK(score.metrics[0].score == Approx(100.0 * 30 / 45));

  // The same by a loop: the draws of the task's examples, and the templates that are among them.
  std::vector<double> medians, means;
  ExampleDraws draws("t", 20);
  for (int i = 0; i < kResamples; ++i) {
    const DrawCounts counts = draws.next();
    double even = 0, short_ones = 0;
    for (int example = 0; example < 20; ++example) {
      if (example % 2 == 0) even += counts[example];
      if (example < 5) short_ones += counts[example];
    }
    std::vector<double> present = {100, 100 * even / 20};
    if (short_ones > 0) present.push_back(0);
    double sum = 0;
    for (const double value : present) sum += value;
    means.push_back(sum / static_cast<double>(present.size()));
    medians.push_back(median_of(present));
  }
  CHECK(score.over_templates->median.interval.low == Approx(interval_of(medians).low));
  CHECK(score.over_templates->median.interval.high == Approx(interval_of(medians).high));
  CHECK(score.over_templates->mean.interval.low == Approx(interval_of(means).low));
  CHECK(score.over_templates->mean.interval.high == Approx(interval_of(means).high));
}

TEST_CASE("a sample starts as its data row") {
  const Record record = parse_record(
      R"({"input": "i", "target": "b", "targets": ["c"], "choices": ["a", "c", "b"], "id": "x", "template": "p"})");
  const Sample sample = sample_of(record, choice_task("t"), 3);
  CHECK(sample.task == "t");
  CHECK(sample.row == 3);
  CHECK(sample.id == "x");
  CHECK(sample.template_name == "p");
  CHECK(sample.right == std::vector<std::int64_t>{1, 2});
  CHECK(sample.answers() == std::vector<std::string>{"b", "c"});
  CHECK_FALSE(sample_of(record, text_task("t", {"exact_match"}), 3).has_choices());
  const Record open = parse_record(R"({"input": "i", "target": "b"})");
  CHECK_THROWS_MATCHES(sample_of(open, choice_task("t"), 0), Error, FailsWith(ExitCode::bad_data, "no choices"));
}

}  // namespace
}  // namespace phatgoose
