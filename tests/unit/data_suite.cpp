#include "phatgoose/data/suite.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::ScratchDirectory;
using test::write_text;

TEST_CASE("a suite names its tasks, with data relative to its own directory") {
  const ScratchDirectory scratch;
  write_text(scratch / "data/a.jsonl", "");
  write_text(scratch / "suites/b.jsonl", "");
  write_text(scratch / "suites/suite.yaml", R"(# two tasks
name: held-out
tasks:
  - {name: a, data: ../data/a.jsonl, kind: rank_classification, length_normalise: false}
  - name: b
    data: )" + (scratch / "suites/b.jsonl").string() +
                                                R"(
    kind: generation
    metrics: [rouge_l, bleu]
    max_new_tokens: 20
    max_input: 256
  - {name: c, data: b.jsonl, kind: generation}
)");
  const Suite suite = read_suite(scratch / "suites/suite.yaml", scratch / "suites");
  CHECK(suite.name == "held-out");
  REQUIRE(suite.tasks.size() == 3);
  CHECK(suite.tasks[0].name == "a");
  CHECK(suite.tasks[0].data == scratch / "data/a.jsonl");
  CHECK(suite.tasks[0].kind == TaskKind::rank_classification);
  CHECK_FALSE(suite.tasks[0].length_normalise);
  CHECK(suite.tasks[0].metrics.empty());
  CHECK(suite.tasks[0].max_input == 512);
  CHECK(suite.tasks[1].data == scratch / "suites/b.jsonl");
  CHECK(suite.tasks[1].metrics == std::vector<std::string>{"rouge_l", "bleu"});
  CHECK(suite.tasks[1].max_new_tokens == 20);
  CHECK(suite.tasks[1].max_input == 256);
  CHECK(suite.tasks[2].metrics == std::vector<std::string>{"exact_match"});
  CHECK(suite.tasks[2].max_new_tokens == 64);
}

TEST_CASE("a suite says where its data comes from and which templates its tasks ask") {
  const ScratchDirectory scratch;
  write_text(scratch / "suite.yaml", R"(name: s
source: the hub
tasks:
  - name: a
    data: p3/a.jsonl.gz
    kind: rank_classification
    source: set a, validation
    mixture: P3
    templates: [GPT-3 style, "…why?"]
    in_turn: true
    may_be_missing: true
  - {name: b, data: /b.jsonl, kind: generation, without_templates: [plain]}
)");
  const Suite suite = read_suite(scratch / "suite.yaml", "/data/root");
  CHECK(suite.source == "the hub");
  REQUIRE(suite.tasks.size() == 2);
  const Task& a = suite.tasks[0];
  CHECK(a.data == "/data/root/p3/a.jsonl.gz");
  CHECK(a.source == "set a, validation");
  CHECK(a.mixture == "P3");
  CHECK(a.templates.only == std::vector<std::string>{"GPT-3 style", "…why?"});
  CHECK(a.templates.in_turn);
  CHECK(a.may_be_missing);
  const Task& b = suite.tasks[1];
  CHECK(b.data == "/b.jsonl");
  CHECK(b.source.empty());
  CHECK(b.mixture.empty());
  CHECK(b.templates.without == std::vector<std::string>{"plain"});
  CHECK_FALSE(b.templates.in_turn);
  CHECK_FALSE(b.may_be_missing);
}

TEST_CASE("a bad suite is an error that names file and line") {
  const ScratchDirectory scratch;
  write_text(scratch / "a.jsonl", "");
  const std::string head = "name: s\ntasks:\n";
  const std::string task = "  - name: a\n    data: a.jsonl\n";  // lines 3 and 4
  struct Case {
    std::string yaml, place, words;
  };
  const std::vector<Case> cases = {
      {"", ":1", "not a mapping"},
      {"[a, b]", ":1", "not a mapping"},
      {"name: s\n", ":1", "no \"tasks\""},
      {"tasks: [{name: a, data: a.jsonl, kind: generation}]\n", ":1", "no \"name\""},
      {"name: s\ntasks: []\n", ":2", "\"tasks\""},
      {"name: s\ntasks: a\n", ":2", "\"tasks\""},
      {"name: s\nname: t\ntasks: []\n", ":2", "duplicate key \"name\""},
      {"name: s\ntaks: []\n", ":2", "unknown key \"taks\""},
      {"name: s\ntasks: [\n", ":", "YAML"},
      {"name: s\n---\nname: t\n", ":", "second YAML document"},
      {head + "  - name: a\n    kind: generation\n", ":3", "no \"data\""},
      {head + task, ":3", "no \"kind\""},
      {head + task + "    kind: regression\n", ":5", "kind \"regression\""},
      {head + task + "    kind: generation\n    kind: generation\n", ":6", "duplicate key \"kind\""},
      {head + task + "    kind: generation\n    metric: bleu\n", ":6", "did you mean metrics?"},
      {head + task + "    kind: generation\n    metrics: bleu\n", ":6", "\"metrics\""},
      {head + task + "    kind: generation\n    metrics: [blue]\n", ":6", "unknown metric \"blue\""},
      {head + task + "    kind: generation\n    metrics: [bleu, bleu]\n", ":6", "repeated metric \"bleu\""},
      {head + task + "    kind: generation\n    max_new_tokens: 0\n", ":6", "\"0\""},
      {head + task + "    kind: generation\n    max_new_tokens: 010\n", ":6", "\"010\""},
      {head + task + "    kind: generation\n    max_new_tokens: many\n", ":6", "\"many\""},
      {head + task + "    kind: generation\n    max_new_tokens: 12.5\n", ":6", "\"12.5\""},
      {head + task + "    kind: generation\n    max_input: 1\n", ":6", "at least 2 tokens"},
      {head + task + "    kind: generation\n    max_input_length: 9\n", ":6", "renamed; expected \"max_input\""},
      {head + task + "    kind: generation\n    length_normalise: true\n", ":6", "\"length_normalise\""},
      {head + task + "    kind: rank_classification\n    length_normalise: maybe\n", ":6", "true or false"},
      {head + task + "    kind: rank_classification\n    metrics: [bleu]\n", ":6", "\"metrics\""},
      {head + task + "    kind: rank_classification\n    max_new_tokens: 3\n", ":6", "\"max_new_tokens\""},
      {head + task + "    kind: generation\n    templates: a\n", ":6", "\"templates\" is not a list"},
      {head + task + "    kind: generation\n    templates: []\n", ":6", "\"templates\" is empty"},
      {head + task + "    kind: generation\n    templates: [a b, a-b]\n", ":6", "\"a-b\" after \"a b\""},
      {head + task + "    kind: generation\n    without_templates: [a, [b]]\n", ":6", "plain text"},
      {head + task + "    kind: generation\n    templates: [a b]\n    without_templates: [a_b]\n", ":7",
       "in both lists"},
      {head + task + "    kind: generation\n    in_turn: often\n", ":6", "true or false"},
      {head + task + "    kind: generation\n    may_be_missing: 1\n", ":6", "true or false"},
      {head + task + "    kind: generation\n    mixture: [a]\n", ":6", "plain text"},
      {head + task + "    kind: generation\n    source:\n", ":7", "plain text"},
      {"name: s\nsource: [a]\ntasks:\n" + task + "    kind: generation\n", ":2", "plain text"},
      {head + "  - a\n", ":3", "not a mapping"},
      {head + "  - {name: [a], data: a.jsonl, kind: generation}\n", ":3", "plain text"},
      {head + task + "    kind: generation\n" + task + "    kind: generation\n", ":6", "second task named \"a\""},
  };
  for (const Case& bad : cases) {
    write_text(scratch / "suite.yaml", bad.yaml);
    INFO(bad.yaml);
    CHECK_THROWS_MATCHES(read_suite(scratch / "suite.yaml", scratch.path()), Error,
                         FailsWith(ExitCode::bad_data, "suite.yaml" + bad.place, bad.words));
  }
  const std::string good = head + task + "    kind: generation\n";
  write_text(scratch / "marked.yaml", "\xEF\xBB\xBF" + good);
  CHECK(read_suite(scratch / "marked.yaml", scratch.path()).name == "s");
  write_text(scratch / "latin.yaml", good + "# \xE4\n");
  CHECK_THROWS_MATCHES(read_suite(scratch / "latin.yaml", scratch.path()), Error,
                       FailsWith(ExitCode::bad_data, "latin.yaml:6: column 3", "0xE4"));
  CHECK_THROWS_MATCHES(read_suite(scratch / "none.yaml", scratch.path()), Error,
                       FailsWith(ExitCode::bad_data, "none.yaml"));
}

TEST_CASE("the suites of public data sets are complete") {
  struct Case {
    std::string name;
    std::size_t tasks;
    std::ptrdiff_t may_be_missing;
  };
  const std::vector<Case> cases = {
      {"t0-held-in", 36, 36}, {"t0-held-out", 11, 1}, {"bbh", 22, 22}, {"bbl", 17, 17}, {"flan", 166, 166}};
  for (const auto& [name, tasks, may_be_missing] : cases) {
    CAPTURE(name);
    const Suite suite = read_suite(suite_file(name), "root");
    CHECK(suite.name == name);
    CHECK_THAT(suite.source, Catch::Contains("scripts/data/make.sh " + name));
    CHECK(suite.tasks.size() == tasks);
    CHECK(std::ranges::count(suite.tasks, true, &Task::may_be_missing) == may_be_missing);
    std::set<fs::path> files;
    for (const Task& task : suite.tasks) {
      CHECK(files.insert(task.data).second);
      CHECK(task.data.string().starts_with("root/"));
      CHECK_FALSE(task.source.empty());
      CHECK(task.mixture.empty() == (name != "flan"));
      CHECK(task.max_input == 512);
    }
  }
}

}  // namespace
}  // namespace phatgoose
