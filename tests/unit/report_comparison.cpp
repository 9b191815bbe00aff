// Methods side by side, on samples made by hand.
#include "phatgoose/report/comparison.h"

#include <catch2/catch.hpp>
#include <sstream>

#include "phatgoose/report/comparison_table.h"

namespace phatgoose {
namespace {

Task task_called(const std::string& name) { return {name, name + ".jsonl", TaskKind::rank_classification, true, {}}; }

const std::vector<Task> kTasks = {task_called("first"), task_called("second")};

/// `rows` samples of a task, of which the first `right` are answered right.
void add_task(std::vector<Sample>& samples, const std::string& task, int right, int rows) {
  for (int row = 0; row < rows; ++row) {
    Sample sample;
    sample.task = task;
    sample.row = row;
    sample.id = std::to_string(row);
    sample.target = "yes";
    sample.right = {0};
    sample.num_tokens = {1, 1};
    sample.log_likelihoods = row < right ? std::vector{-1.0, -2.0} : std::vector{-2.0, -1.0};
    samples.push_back(std::move(sample));
  }
}

MethodResult method_with(const std::string& name, const std::vector<Task>& tasks, const std::vector<Sample>& samples) {
  Tallies tallies = tally_samples(tasks, samples);
  SuiteScore scores = score_suite(tallies);
  return {name, std::move(tallies), std::move(scores)};
}

/// A method that answers so many of the ten rows of each task right.
MethodResult method(const std::string& name, int first, int second) {
  std::vector<Sample> samples;
  add_task(samples, "first", first, 10);
  add_task(samples, "second", second, 10);
  return method_with(name, kTasks, samples);
}

std::string table_of(const std::vector<Task>& tasks, const std::vector<MethodResult>& methods,
                     const std::string& reference) {
  return comparison_table(compare(tasks, methods, reference)).text();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// The words of the table's line that begins with `name`.
std::vector<std::string> words_of(const std::string& table, const std::string& name) {
  for (const std::string& line : lines_of(table)) {
    std::istringstream stream(line);
    std::vector<std::string> words;
    for (std::string word; stream >> word;) words.push_back(word);
    if (!words.empty() && words.front() == name) return words;
  }
  FAIL("no line of " << name << " in\n" << table);
  return {};
}

}  // namespace

TEST_CASE("the best single expert has the best mean, the oracle the best expert of every task") {
  const std::vector<MethodResult> experts = {method("a", 9, 1), method("b", 7, 7), method("c", 1, 8)};
  const auto rows = reference_rows(kTasks, experts);
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].name == "best-individual");
  CHECK(rows[0].uses_labels);
  CHECK(rows[0].scores.mean.score == 70.0);
  CHECK(rows[0].tallies == experts[1].tallies);
  CHECK(rows[1].name == "oracle");
  CHECK(rows[1].uses_labels);
  CHECK(rows[1].scores.tasks[0].metrics.front().score == 90.0);
  CHECK(rows[1].scores.tasks[1].metrics.front().score == 80.0);
  CHECK(rows[1].scores.mean.score == 85.0);
  CHECK(rows[1].tallies == Tallies{experts[0].tallies[0], experts[2].tallies[1]});
}

TEST_CASE("of equally good experts the earlier one is the reference") {
  const std::vector<MethodResult> experts = {method("a", 3, 7), method("b", 7, 3), method("c", 7, 7),
                                             method("d", 7, 7)};
  const auto rows = reference_rows(kTasks, experts);
  CHECK(rows[0].tallies == experts[2].tallies);
  CHECK(rows[1].tallies == Tallies{experts[1].tallies[0], experts[0].tallies[1]});
  CHECK(reference_rows(kTasks, {}).empty());
}

TEST_CASE("the table has scores, means and paired differences, and marks what uses labels") {
  std::vector<MethodResult> methods = {method("base", 2, 4), method("routed", 8, 6)};
  methods.push_back(method("best", 9, 9));
  methods.back().uses_labels = true;
  const std::string table = table_of(kTasks, methods, "base");
  CHECK_THAT(lines_of(table).front(), Catch::Contains("method") && Catch::Contains("first") &&
                                          Catch::Contains("second") && Catch::Contains("mean") &&
                                          Catch::Contains("against base"));
  CHECK_THAT(table, !Catch::Contains(" \n"));
  const auto base = words_of(table, "base");
  REQUIRE(base.size() == 6);  // name, two tasks, mean, an interval in two words, no difference
  CHECK(std::vector(base.begin(), base.begin() + 4) == std::vector<std::string>{"base", "20.0", "40.0", "30.0"});
  const auto routed = words_of(table, "routed");
  REQUIRE(routed.size() == 9);
  CHECK(routed[3] == "70.0");
  CHECK(routed[6] == "+40.0");
  const auto best = words_of(table, "best");
  CHECK(best[6] == "+60.0");
  CHECK(best.back() == "labels");

  CHECK(words_of(table_of(kTasks, methods, "routed"), "base")[6] == "-40.0");
}

TEST_CASE("differences are resampled in pairs: equal methods differ by nothing, certainly") {
  const std::vector<MethodResult> methods = {method("one", 5, 5), method("two", 5, 5)};
  const auto words = words_of(table_of(kTasks, methods, "one"), "two");
  REQUIRE(words.size() == 9);
  CHECK(words[6] == "+0.0");
  CHECK(words[7] == "[0.0,");
  CHECK(words[8] == "0.0]");
  CHECK(words[4] != "[50.0,");  // while the scores themselves are uncertain
}

/// A method that has the second task only, of whose ten rows it answers so many right.
MethodResult half_method(const std::string& name, int second) {
  std::vector<Sample> samples;
  add_task(samples, "second", second, 10);
  return method_with(name, {kTasks[1]}, samples);
}

TEST_CASE("a method with some of the tasks is compared over these, and the table says so") {
  std::vector<MethodResult> methods = {method("base", 2, 4), half_method("part", 9), half_method("other", 6)};
  methods[1].uses_labels = true;
  const Comparison comparison = compare(kTasks, methods, "base");
  const std::string table = comparison_table(comparison).text();
  const auto part = words_of(table, "part");
  CHECK(std::vector(part.begin(), part.begin() + 4) == std::vector<std::string>{"part", "-", "90.0", "90.0"});
  CHECK(part[6] == "+50.0");  // to the base's 40 on this task, not to its mean of 30
  CHECK_THAT(table, Catch::Contains("uses labels, 1 of 2 tasks\n") && Catch::Contains("  1 of 2 tasks\n"));
  CHECK(words_of(table, "base").size() == 6);
  const std::vector<MethodResult> halves = {methods[1], half_method("base", 4)};
  const Interval expected = compare({kTasks[1]}, halves, "base").rows[0].difference->interval;
  CHECK(comparison.rows[1].difference->interval.low == expected.low);
  CHECK(comparison.rows[1].difference->interval.high == expected.high);
  const Json json = comparison_json(comparison);
  CHECK_FALSE(json.at("methods").at(1).at("tasks").contains("first"));
  CHECK(json.at("methods").at(1).at("tasks").at("second").at("score") == 90.0);
}

TEST_CASE("there is no difference to a reference that lacks a task") {
  const std::vector<MethodResult> methods = {method("base", 2, 4), half_method("part", 9), half_method("other", 6)};
  const Comparison comparison = compare(kTasks, methods, "part");
  CHECK_FALSE(comparison.rows[0].difference);
  CHECK_FALSE(comparison.rows[1].difference);
  REQUIRE(comparison.rows[2].difference);
  CHECK(comparison.rows[2].difference->score == Approx(-30));
}

/// An expert with only the task of its name, of whose ten rows it answers so many right.
MethodResult specialist(const std::string& task, int right) {
  std::vector<Sample> samples;
  add_task(samples, task, right, 10);
  return method_with(task, {task_called(task)}, samples);
}

TEST_CASE("own-expert takes each task from the expert of its name, or from the one that the task names") {
  std::vector<Task> tasks = kTasks;
  std::vector<MethodResult> experts = {specialist("second", 8), specialist("first", 3)};
  const auto rows = reference_rows(tasks, experts);
  REQUIRE(rows.size() == 1);  // no expert has all tasks
  CHECK(rows[0].name == "own-expert");
  CHECK_FALSE(rows[0].uses_labels);
  CHECK(rows[0].scores.tasks[0].metrics.front().score == 30.0);
  CHECK(rows[0].scores.tasks[1].metrics.front().score == 80.0);
  CHECK(rows[0].scores.mean.score == 55.0);

  // One expert has all tasks, which is no choice of experts yet; it owns the second by the task's word.
  experts = {method("all", 9, 9), specialist("first", 3)};
  tasks[1].expert = "all";
  const auto named = reference_rows(tasks, experts);
  REQUIRE(named.size() == 1);
  CHECK(named[0].scores.tasks[0].metrics.front().score == 30.0);
  CHECK(named[0].scores.tasks[1].metrics.front().score == 90.0);

  CHECK(reference_rows(kTasks, {method("first", 9, 1)}).empty());
  const auto three = reference_rows(kTasks, {method("first", 9, 1), method("b", 7, 7)});
  REQUIRE(three.size() == 3);
  CHECK(three[0].name == "best-individual");
  CHECK(three[1].name == "oracle");
  CHECK(three[2].scores.tasks.size() == 1);
  CHECK(three[2].scores.mean.score == 90.0);
}

TEST_CASE("the table has own-expert in place of the experts that it is made of, and its difference") {
  std::vector<MethodResult> methods = {method("routed", 5, 6), specialist("first", 3), specialist("second", 8)};
  for (MethodResult& row : reference_rows(kTasks, {methods[1], methods[2]})) methods.push_back(std::move(row));
  const std::string table = table_of(kTasks, methods, "routed");
  CHECK(lines_of(table).size() == 4);
  const auto own = words_of(table, "own-expert");
  REQUIRE(own.size() == 9);
  CHECK(std::vector(own.begin(), own.begin() + 4) == std::vector<std::string>{"own-expert", "30.0", "80.0", "55.0"});
  CHECK(own[6] == "+0.0");
  CHECK(comparison_json(compare(kTasks, methods, "routed")).at("methods").size() == 4);
  CHECK(words_of(table_of(kTasks, methods, "first"), "first").front() == "first");
}

/// Methods on so many tasks with names of ten letters.
std::pair<std::vector<Task>, std::vector<MethodResult>> wide_comparison(std::size_t tasks, std::size_t methods) {
  std::vector<Task> suite;
  for (std::size_t t = 0; t < tasks; ++t) suite.push_back(task_called("task-abcd" + std::string(1, 'a' + t)));
  std::vector<MethodResult> results;
  for (std::size_t m = 0; m < methods; ++m) {
    std::vector<Sample> samples;
    for (const Task& task : suite) add_task(samples, task.name, static_cast<int>(m), 10);
    results.push_back(method_with("method-" + std::to_string(m), suite, samples));
  }
  return {suite, results};
}

TEST_CASE("a table that gets too wide has a line for each task, where that is narrower") {
  const auto [suite, results] = wide_comparison(8, 3);
  const std::string table = table_of(suite, results, "method-1");
  CHECK(lines_of(table).size() == 2 + 8 + 1 + 4);
  CHECK_THAT(lines_of(table).front(),
             Catch::StartsWith("task ") && Catch::Contains("method-0  ") && Catch::EndsWith("method-2"));
  CHECK(words_of(table, "task-abcdc") == std::vector<std::string>{"task-abcdc", "0.0", "10.0", "20.0"});
  CHECK(words_of(table, "mean") == std::vector<std::string>{"mean", "0.0", "10.0", "20.0"});
  CHECK(words_of(table, "against") == std::vector<std::string>{"against", "method-1", "-10.0", "+10.0"});
  CHECK_THAT(table, !Catch::Contains("labels") && !Catch::Contains(" of 8 tasks"));

  const auto [few, narrow] = wide_comparison(3, 3);
  CHECK_THAT(table_of(few, narrow, "method-1"), Catch::StartsWith("method "));
  const auto [short_suite, many] = wide_comparison(6, 10);  // both are wide, the other even more so
  CHECK_THAT(table_of(short_suite, many, "method-1"), Catch::StartsWith("method "));
}

TEST_CASE("a table with a line for each task says what methods lack, and who uses labels") {
  auto [suite, results] = wide_comparison(8, 3);
  results[2].uses_labels = true;
  results[0].tallies.pop_back();
  results[0].scores = score_suite(results[0].tallies);
  const std::string table = table_of(suite, results, "method-1");
  CHECK(words_of(table, "task-abcdh") == std::vector<std::string>{"task-abcdh", "-", "10.0", "20.0"});
  CHECK_THAT(table, Catch::Contains(" 7 of 8 tasks\n") && Catch::EndsWith(" uses labels\n"));
}

TEST_CASE("every method is tested against the reference, task by task, and on request against those before it") {
  const std::vector<MethodResult> methods = {method("a", 2, 4), method("base", 8, 4), half_method("part", 9)};
  const auto names = [](const Comparison& comparison) {
    std::vector<std::string> pairs;
    for (const PairTest& test : comparison.tests) pairs.push_back(test.method + " " + test.reference);
    return pairs;
  };
  const Comparison comparison = compare(kTasks, methods, "base");
  CHECK(names(comparison) == std::vector<std::string>{"a base", "part base"});
  CHECK(names(compare(kTasks, methods, "base", true)) == std::vector<std::string>{"a base", "part base", "part a"});
  const std::string table = tests_table(comparison).text();
  const auto first = words_of(table, "a");
  REQUIRE(first.size() == 8);  // method, against, task, difference, an interval in two words, p, p (Holm)
  CHECK(first[3] == "-60.0");
  CHECK(std::stod(first[7]) == Approx(2 * std::stod(first[6])).margin(1e-4));
  CHECK(words_of(table, "second")[1] == "+0.0");
  CHECK(words_of(table, "second").back() == "1.0000");
  CHECK_THAT(table, Catch::Contains("mean of 2") && Catch::Contains("mean of 1"));

  const Json tests = comparison_json(comparison).at("tests");
  REQUIRE(tests.size() == 2);
  CHECK(tests[0].at("method") == "a");
  CHECK(tests[0].at("mean").at("score") == -30.0);
  CHECK(tests[0].at("tasks").at("first").at("p_holm") == comparison.tests[0].tasks[0].p_holm);
  CHECK_FALSE(tests[1].at("tasks").contains("first"));
  CHECK(comparison_json(comparison).at("methods").at(0).at("difference") == tests[0].at("mean"));
}

TEST_CASE("comparison.json can be read back, and so can one without tests") {
  Json json = comparison_json(compare(kTasks, {method("base", 2, 4), method("routed", 8, 6)}, "base"));
  const std::string table = comparison_table(comparison_of(json)).text();
  CHECK(table == table_of(kTasks, {method("base", 2, 4), method("routed", 8, 6)}, "base"));
  json.erase("tests");
  json["methods"][1]["difference"].erase("p");
  CHECK(comparison_table(comparison_of(json)).text() == table);
}

TEST_CASE("comparison.json has the numbers of the table, and the interval of every task") {
  std::vector<MethodResult> methods = {method("base", 2, 4), method("routed", 8, 6)};
  methods.back().uses_labels = true;
  const Json json = comparison_json(compare(kTasks, methods, "base"));
  CHECK(json.at("reference") == "base");
  const Json &base = json.at("methods").at(0), &routed = json.at("methods").at(1);
  CHECK(base.at("name") == "base");
  CHECK(base.at("uses_labels") == false);
  CHECK(base.at("difference").is_null());
  CHECK(base.at("tasks").at("first").at("score") == 20.0);
  CHECK(routed.at("uses_labels") == true);
  CHECK(routed.at("mean").at("score") == 70.0);
  CHECK(routed.at("difference").at("score") == 40.0);
  CHECK(routed.at("tasks").at("second").at("metric") == "accuracy");
  const Interval expected = methods[1].scores.tasks[1].metrics.front().interval;
  CHECK(routed.at("tasks").at("second").at("interval") == Json({expected.low, expected.high}));
}

}  // namespace phatgoose
