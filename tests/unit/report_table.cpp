#include "phatgoose/report/table.h"

#include <catch2/catch.hpp>

#include "phatgoose/base/error.h"
#include "phatgoose/report/results.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;

TEST_CASE("columns are aligned by characters, not bytes") {
  Table table({"name", "score"}, {1});
  table.add({"caf\u00e9", "7.5"});
  table.add({"x", "100.0"});
  table.add_rule();
  table.add({"mean", ""});
  CHECK(table.text() ==
        "name  score\n"
        "-----------\n"
        "caf\u00e9    7.5\n"
        "x     100.0\n"
        "-----------\n"
        "mean\n");
  CHECK_THROWS_MATCHES(table.add({"one"}), Error, FailsWith(ExitCode::bug, "1 cells"));
}

TEST_CASE("cells keep to their line and leave the terminal alone") {
  Table table({"ex\npert"});
  table.add({"\x1b[31mred\u202e"});
  CHECK(table.text() ==
        "ex\\npert\n"
        "-----------------\n"
        "\\x1b[31mred\\u202e\n");
}

TEST_CASE("a suite's table shows every metric with its interval") {
  const SuiteScore scores{.tasks = {{.task = "rte",
                                     .metrics = {{"accuracy", 61.26, {58.04, 64.5}}},
                                     .rows = 20,
                                     .examples = 10,
                                     .templates = {}},
                                    {.task = "names",
                                     .metrics = {{"exact_match", 5, {0, 10}}, {"normalised_match", 100, {100, 100}}},
                                     .rows = 3,
                                     .examples = 3,
                                     .templates = {}}},
                          .mean = {"mean", 33.13, {30, 36}}};
  CHECK(suite_table(scores).text() ==
        "task             metric            score   95 % interval  rows  examples\n"
        "------------------------------------------------------------------------\n"
        "rte              accuracy           61.3    [58.0, 64.5]    20        10\n"
        "names            exact_match         5.0     [0.0, 10.0]     3         3\n"
        "                 normalised_match  100.0  [100.0, 100.0]\n"
        "------------------------------------------------------------------------\n"
        "mean over tasks                     33.1    [30.0, 36.0]\n");
}

TEST_CASE("results that lack something are refused by name") {
  const test::ScratchDirectory scratch;
  const auto refused = [&](const std::string& json, const std::string& words) {
    test::write_text(scratch / "results.json", json);
    CHECK_THROWS_MATCHES(read_results(scratch / "results.json"), Error,
                         FailsWith(ExitCode::bad_data, "results.json", words));
  };
  refused("{}", "no \"suite\"");
  refused(R"({"suite": "s", "score": "high", "tasks": []})", "\"score\" is");
  refused(R"({"suite": "s", "score": 1, "interval": [1], "tasks": []})", "\"interval\"");
  refused(R"({"suite": "s", "score": 1, "interval": [0, 2]})", "no \"tasks\"");
  refused(R"({"suite": "s", "score": 1, "interval": [0, 2], "tasks": [{"name": "t", "data": "d", "kind": "k"}]})",
          "kind \"k\"");
  CHECK_THROWS_MATCHES(read_results(scratch / "none.json"), Error, FailsWith(ExitCode::bad_data, "none.json"));
}

}  // namespace
}  // namespace phatgoose
