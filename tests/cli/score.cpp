// phatgoose score on results that are written here as eval writes them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

/// Results of methods on a task of choices, "rte" (ten examples in two templates), and one of texts, "names".
class ScoreFiles {
 public:
  ScoreFiles() {
    add("base", 4, "The  cat");
    add("routed", 9, "the cat");
    write_text(directory_ / "several/comparison.json", comparison({"first", "second", "oracle"}));
    add("several/first", 4, "no");
    add("several/second", 9, "the cat");
  }

  /// A directory of results; `right` examples of rte are answered right, "names" with this text.
  void add(const std::string& name, int right, const std::string& output) const {
    std::string samples;
    for (int row = 0; row < 20; ++row) {
      const bool is_right = row / 2 < right;
      samples += Json{{"task", "rte"},
                      {"row", row},
                      {"id", "x" + std::to_string(row / 2)},
                      {"template", row % 2 == 0 ? "even" : "odd"},
                      {"log_likelihoods", is_right ? Json{-1.0, -6.0} : Json{-9.0, -8.0}},
                      {"num_tokens", {1, 2}},
                      {"prediction", is_right ? 0 : 1},
                      {"right", {0}},
                      {"target", "yes"},
                      {"correct", is_right}}
                     .dump() +
                 "\n";
    }
    for (int row = 0; row < 4; ++row) {
      samples += Json{{"task", "names"},  {"row", row},          {"id", std::to_string(row)},
                      {"output", output}, {"target", "the cat"}, {"correct", output == "the cat"}}
                     .dump() +
                 "\n";
    }
    write_text(directory_ / name / "samples.jsonl", samples);
    Json written = results(right, output == "the cat" ? 100 : 0);
    if (name.starts_with("several/")) written["settings"]["expert"] = {"somewhere"};
    write(name, written);
  }

  void write(const std::string& name, const Json& results) const {
    write_text(directory_ / name / "results.json", results.dump());
  }

  /// As the program wrote them before templates had intervals.
  static Json results(int right, int exact) {
    const auto score = [](double value) { return Json{{"score", value}, {"interval", {0, 100}}}; };
    Json rte = {{"name", "rte"},
                {"kind", "rank_classification"},
                {"rows", 20},
                {"examples", 10},
                {"metrics", {{"accuracy", score(10.0 * right)}}},
                {"templates", Json::array()},
                {"data", "rte.jsonl"},
                {"max_input", 512},
                {"length_normalise", true}};
    Json names = {{"name", "names"},
                  {"kind", "generation"},
                  {"rows", 4},
                  {"examples", 4},
                  {"metrics", {{"exact_match", score(exact)}}},
                  {"templates", Json::array()},
                  {"data", "names.jsonl"},
                  {"max_input", 512},
                  {"max_new_tokens", 8},
                  {"requested_metrics", {"exact_match", "squad_f1"}}};
    return {{"suite", "two"},
            {"score", 0},
            {"interval", {0, 100}},
            {"tasks", {rte, names}},
            {"settings", Json::object()},
            {"versions", {{"phatgoose", "0.0.1"}}},
            {"hashes", {{"data", {{"rte", "a"}, {"names", "b"}}}}}};
  }

  static std::string comparison(const std::vector<std::string>& names) {
    Json methods = Json::array();
    for (const std::string& name : names) {
      methods.push_back({{"name", name},
                         {"uses_labels", name == "oracle"},
                         {"difference", nullptr},
                         {"mean", {{"score", 0}, {"interval", {0, 100}}}},
                         {"tasks", Json::object()}});
    }
    return Json{{"reference", names[0]}, {"unit", "percent"}, {"methods", methods}}.dump();
  }

  std::string operator/(const std::string& name) const { return directory_ / name; }
  const std::filesystem::path& path() const { return directory_.path(); }

  Outcome score(const std::string& names, const std::string& options = "") const {
    std::string line = "score";
    std::istringstream stream(names);
    for (std::string name; stream >> name;) line += " " + (directory_ / name).string();
    return phatgoose_line(line + (options.empty() ? "" : " " + options));
  }

 private:
  ScratchDirectory directory_;
};

std::vector<std::vector<std::string>> csv_rows(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    REQUIRE(line.ends_with('\r'));
    line.back() = ',';
    rows.emplace_back();
    std::istringstream cells(line);
    for (std::string cell; std::getline(cells, cell, ',');) rows.back().push_back(cell);
  }
  return rows;
}

}  // namespace

TEST_CASE("score of one method shows every metric, and templates on request") {
  const ScoreFiles files;
  const Outcome outcome = files.score("base");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.err.empty());
  CHECK_THAT(outcome.out, Catch::Contains("accuracy           40.0") && Catch::Contains("accuracy_by_sum    40.0"));
  CHECK_THAT(outcome.out, Catch::Contains("normalised_match  100.0") && Catch::Contains("squad_f1          100.0"));
  CHECK_THAT(outcome.out, Catch::Contains("mean over tasks") && !Catch::Contains("even"));
  const Outcome templates = files.score("base", "--templates");
  CHECK_THAT(templates.out, Catch::StartsWith(outcome.out) && Catch::Contains("even") &&
                                Catch::Contains("median of 2   40.0") && Catch::Contains("mean of 2     40.0"));
}

TEST_CASE("score compares runs task by task with p-values, and takes another metric or reference") {
  const ScoreFiles files;
  const Outcome outcome = files.score("base routed");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK_THAT(outcome.out, Catch::Contains("against base") && Catch::Contains("+50.0") && Catch::Contains("p (Holm)") &&
                              Catch::Contains("mean of 2       +75.0"));
  CHECK_THAT(files.score("base routed", "--compare-to routed").out, Catch::Contains("mean of 2       -75.0"));
  CHECK_THAT(files.score("base routed", "--metric accuracy_by_sum").err,
             Catch::Contains("warning: base: left out, without accuracy_by_sum: names\n"));
  const Outcome all = files.score("base routed", "--all-metrics");
  CHECK_THAT(all.out, Catch::StartsWith(outcome.out) && Catch::Contains("normalised_match"));
}

TEST_CASE("score takes the directory of several methods, and adds their reference rows") {
  const ScoreFiles files;
  const Outcome outcome = files.score("several");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  for (const char* line : {"\nfirst ", "\nsecond ", "\nbest-individual ", "\noracle "}) {
    CHECK_THAT(outcome.out, Catch::Contains(line));
  }
  const std::string parent = files / "several";
  const Outcome named = phatgoose_line("score " + (files / "base") + " S=" + parent + " --compare-to S/second --pairs");
  INFO(named.err);
  REQUIRE(named.code == 0);
  CHECK_THAT(named.out, Catch::Contains("against S/second") && Catch::Contains("S/oracle"));
  const Outcome json = files.score("several", "--format json --all-metrics --templates");
  const Json rte = Json::parse(json.out)["methods"][0]["tasks"]["rte"];
  CHECK(rte["score"] == 40.0);
  CHECK(rte["metrics"]["accuracy_by_sum"]["score"] == 40.0);
  CHECK(rte["templates"][1]["examples"] == 10);
  CHECK(rte["over_templates"]["median"]["score"] == 40.0);
  CHECK(Json::parse(json.out)["tests"][0]["tasks"]["rte"]["score"] == 50.0);
}

TEST_CASE("score has the mean of every mixture that tasks name") {
  const ScoreFiles files;
  Json results = ScoreFiles::results(4, 0);
  CHECK_THAT(files.score("base").out, !Catch::Contains("Mixtures"));
  for (Json& task : results["tasks"]) task["mixture"] = "both";
  files.write("base", results);
  CHECK_THAT(files.score("base").out, Catch::Contains("\nMixtures\n") && Catch::Contains("base    both     20.0"));
  results["tasks"][1]["mixture"] = "texts";
  files.write("base", results);
  const Json mixtures = Json::parse(files.score("base", "--format json").out)["methods"][0]["mixtures"];
  CHECK(mixtures["both"]["score"] == 40.0);
  CHECK(mixtures["texts"]["score"] == 0.0);
  const auto rows = csv_rows(files.score("base", "--format csv").out);
  CHECK(rows[1][3] == "both");
  CHECK(std::ranges::count_if(rows, [](const auto& row) { return row[1] == "mixture"; }) == 2);
}

TEST_CASE("score writes CSV with all numbers, Markdown and LaTeX, to stdout or a file") {
  const ScoreFiles files;
  const auto rows = csv_rows(files.score("base routed", "--format csv --templates --all-metrics").out);
  CHECK(rows.front().front() == "method");
  for (const auto& row : rows) CHECK(row.size() == rows.front().size());
  const auto routed = std::ranges::find_if(rows, [](const auto& row) { return row[0] == "routed"; });
  REQUIRE(routed != rows.end());
  CHECK(std::vector(routed->begin(), routed->begin() + 7) ==
        std::vector<std::string>{"routed", "task", "rte", "", "", "accuracy", "90"});
  CHECK((*routed)[11] == "base");
  CHECK((*routed)[12] == "50");
  CHECK(std::ranges::count_if(rows, [](const auto& row) { return row[1] == "template"; }) == 6);
  CHECK_THAT(files.score("base routed", "--format markdown").out, Catch::StartsWith("| method | rte | names |"));
  CHECK_THAT(files.score("base routed", "--format latex").out,
             Catch::StartsWith("\\begin{tabular}{lrrrrrrl}\n") && Catch::Contains("\n% Differences"));
  const Outcome written = files.score("base", "--out " + (files / "table.txt"));
  CHECK(written.out == (files / "table.txt") + "\n");
  CHECK(read_text(files / "table.txt") == files.score("base").out);
}

TEST_CASE("score says what differs: stored numbers, data, rows") {
  const ScoreFiles files;
  Json results = ScoreFiles::results(4, 100);
  files.write("base", results);
  const Outcome stored = files.score("base");
  CHECK(stored.code == 0);
  CHECK_THAT(stored.err, Catch::StartsWith("warning: ") &&
                             Catch::Contains("task names: results.json has exact_match 100 of 4 rows, its samples "
                                             "give 0 of 4\n"));
  results = ScoreFiles::results(9, 100);
  results["hashes"]["data"]["rte"] = "other";
  files.write("routed", results);
  const Outcome data = files.score("several/first routed");
  CHECK_THAT(data.err, Catch::Contains("routed: left out, not comparable: rte (another data file than first)"));
  CHECK_THAT(data.out, Catch::Contains("1 of 2 tasks"));
  results["suite"] = "another";
  files.write("routed", results);
  CHECK_THAT(files.score("several/first routed").err,
             Catch::Contains("routed is of the suite another, first of two: tasks of the same name are compared"));
}

TEST_CASE("score refuses what it cannot read or compare") {
  const ScoreFiles files;
  std::filesystem::create_directory(files / "empty");
  write_text(files / "begun/run.json", "{}");
  write_text(files / "newer/manifest.json", R"({"kind": "results", "format": 99, "files": {}})");
  files.add("newer", 4, "no");
  files.add("unknown", 4, "no");
  Json results = ScoreFiles::results(4, 0);
  results["tasks"][1]["requested_metrics"] = {"chrf"};
  files.write("unknown", results);
  files.add("other", 4, "no");
  results = ScoreFiles::results(4, 0);
  results["suite"] = "other";
  for (Json& task : results["tasks"]) task["name"] = "new " + task["name"].get<std::string>();
  files.write("other", results);
  std::string renamed = read_text(files / "other/samples.jsonl");
  for (const std::string name : {"rte", "names"}) {
    const std::string key = "\"task\":\"";
    for (std::size_t at = 0; (at = renamed.find(key + name, at)) != std::string::npos; ++at) {
      renamed.insert(at + key.size(), "new ");
    }
  }
  write_text(files / "other/samples.jsonl", renamed);
  files.add("twice", 4, "no");
  const std::string samples = read_text(files / "twice/samples.jsonl");
  write_text(files / "twice/samples.jsonl", samples + samples);
  write_text(files / "gone/comparison.json", ScoreFiles::comparison({"lost"}));
  check_bad_use(
      files.path(),
      {
          {"score", 2, {"results"}},
          {"score DIR/none", 3, {"none", "no such directory"}},
          {"score DIR/empty", 3, {"empty", "no results"}},
          {"score DIR/begun", 3, {"not finished", "the command that began it continues it"}},
          {"score DIR/newer", 3, {"manifest.json", "format 99"}},
          {"score DIR/unknown", 3, {"results.json", "task names", "metric \"chrf\"", "written by phatgoose 0.0.1"}},
          {"score DIR/base DIR/other", 3, {"other is of the suite other", "no task in common"}},
          {"score DIR/twice", 3, {"samples.jsonl:25", "task rte, row 0", "every row once"}},
          {"score DIR/gone", 3, {"comparison.json", "\"lost\"", "one by one"}},
          {"score DIR/base DIR/base", 2, {"two methods called base", "NAME=DIR"}},
          {"score DIR/base --compare-to base", 2, {"--compare-to", "one method"}},
          {"score DIR/base --pairs", 2, {"--pairs", "one method"}},
          {"score DIR/base DIR/routed --compare-to rooted", 2, {"--compare-to", "\"rooted\"", "did you mean routed"}},
          {"score DIR/base --metric accuracy_by_some", 2, {"--metric", "did you mean accuracy_by_sum"}},
          {"score DIR/base --format html", 2, {"html", "latex"}},
          {"score DIR/base --out DIR/no/file", 1, {"no/file", "cannot create"}},
      });
}

TEST_CASE("score needs no LibTorch") {
  CHECK(read_text(std::string(PHATGOOSE_PROGRAMS_DIR) + "/phatgoose-score").find("libtorch") == std::string::npos);
}
