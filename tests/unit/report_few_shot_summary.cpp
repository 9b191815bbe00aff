// Means and deviations of few-shot adaptation, by hand.
#include "phatgoose/report/few_shot_summary.h"

#include <catch2/catch.hpp>

#include "support/fails_with.h"

namespace phatgoose {
namespace {

FewShotSummary summary() {
  return {.tasks = {"a", "b"},
          .shots = {0, 4, std::nullopt},
          .runs = {{"a", 0, 0, 0, 10},
                   {"b", 0, 0, 0, 30},
                   {"a", 4, 0, 0, 20},
                   {"a", 4, 1, 0, 26},
                   {"b", 4, 0, 0, 50},
                   {"b", 4, 1, 0, 44},
                   {"a", std::nullopt, 0, 3, 70},
                   {"b", std::nullopt, 0, 3, 90},
                   {"a", std::nullopt, 0, 4, 80},
                   {"b", std::nullopt, 0, 4, 90}}};
}

}  // namespace

TEST_CASE("few-shot scores are means over runs, and deviations over samples and seeds") {
  const FewShotSummary runs = summary();
  const FewShotScore of_task = runs.score("a", 4);
  CHECK(of_task.mean == Approx(23));
  CHECK(of_task.deviation == Approx(std::sqrt(18.0)));  // (9 + 9) / (2 - 1)
  CHECK(of_task.runs == 2);
  const FewShotScore one = runs.score("b", 0);
  CHECK(one.mean == 30);
  CHECK(one.deviation == 0);
  // of each sample and seed the mean over tasks: 35 and 35, 80 and 85
  CHECK(runs.score(std::nullopt, 4).mean == Approx(35));
  CHECK(runs.score(std::nullopt, 4).deviation == Approx(0).margin(1e-12));
  CHECK(runs.score(std::nullopt, std::nullopt).mean == Approx(82.5));
  CHECK(runs.score(std::nullopt, std::nullopt).deviation == Approx(std::sqrt(12.5)));
  CHECK(runs.score("a", 9).runs == 0);
}

TEST_CASE("the table of few-shot adaptation has a column for each number of shots") {
  CHECK(few_shot_table(summary()).text() ==
        "task  0 shots      4 shots     all rows\n"
        "---------------------------------------\n"
        "a        10.0  23.0 +- 4.2  75.0 +- 7.1\n"
        "b        30.0  47.0 +- 4.2  90.0 +- 0.0\n"
        "---------------------------------------\n"
        "mean     20.0  35.0 +- 0.0  82.5 +- 3.5\n");
}

TEST_CASE("summary.json has every run") {
  const Json json = few_shot_json(summary());
  REQUIRE(json["tasks"].size() == 2);
  const Json& scores = json["tasks"][1]["scores"];
  CHECK(json["tasks"][1]["task"] == "b");
  CHECK(scores[2]["shots"] == "all");
  CHECK(scores[2]["runs"] == 2);
  CHECK(scores[2]["scores"] == Json::parse(R"([{"sample": 0, "seed": 3, "score": 90.0},
                                               {"sample": 0, "seed": 4, "score": 90.0}])"));
  CHECK(json["mean"][1]["shots"] == 4);
  CHECK(json["mean"][1]["mean"].get<double>() == Approx(35));
}

TEST_CASE("gains are relative to the reference of each task, and intervals are over tasks") {
  FewShotSummary runs{
      .tasks = {"a", "b"},
      .shots = {4},
      .runs = {{"a", 4, 0, 0, 20, 10.0}, {"a", 4, 1, 0, 40, 30.0}, {"b", 4, 0, 0, 45, 40.0}, {"b", 4, 1, 0, 45, 60.0}}};
  const RelativeGain gain = runs.gain(4);
  CHECK(gain.of_tasks == std::vector<double>{50, -10});  // (30 - 20) / 20, (45 - 50) / 50
  CHECK(gain.mean == Approx(20));
  REQUIRE(gain.interval);
  CHECK(gain.interval->low == Approx(-10));  // of two tasks a quarter of the resamples has one alone
  CHECK(gain.interval->high == Approx(50));
  CHECK(few_shot_table(runs).text() ==
        "task                       4 shots\n"
        "----------------------------------\n"
        "a                     30.0 +- 14.1\n"
        "b                      45.0 +- 0.0\n"
        "----------------------------------\n"
        "mean                   37.5 +- 7.1\n"
        "relative gain  +20.0 [-10.0, 50.0]\n");
  const Json json = few_shot_json(runs);
  CHECK(json["relative_gain"][0]["tasks"] == Json{{"a", 50.0}, {"b", -10.0}});
  CHECK(json["relative_gain"][0]["shots"] == 4);
  CHECK(json["tasks"][0]["scores"][0]["scores"][1] ==
        Json::parse(R"({"sample": 1, "seed": 0, "score": 40.0, "reference": 30.0})"));

  runs.tasks = {"b"};
  CHECK_FALSE(runs.gain(4).interval);  // nothing to draw from
  CHECK(runs.gain(4).mean == Approx(-10));
  for (FewShotRun& run : runs.runs) run.reference = 0;
  CHECK_THROWS_MATCHES(runs.gain(4), Error, test::FailsWith(ExitCode::bad_data, "task b", "a score above 0"));
}

}  // namespace phatgoose
