// Which examples of a task a model is adapted to.
#include "phatgoose/jobs/shots.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "support/fails_with.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

/// Rows of `examples` examples in two templates each; rows without an example's text are bad.
ShotRows two_templates(const fs::path& file, int examples) {
  std::string text;
  for (int i = 0; i < examples; ++i) {
    for (const char* name : {"short", "long"}) {
      text += Json{{"input", "question " + std::to_string(i)},
                   {"target", "yes"},
                   {"id", "row " + std::to_string(i)},
                   {"template", name},
                   {"extra", i}}
                  .dump() +
              "\n";
    }
  }
  test::write_text(file, "\xEF\xBB\xBF" + text);
  return {.task = "ask", .file = file, .records = read_records(file)};
}

}  // namespace

TEST_CASE("samples are drawn by example, differ, and contain the smaller ones") {
  const test::ScratchDirectory scratch;
  const ShotRows rows = two_templates(scratch / "rows.jsonl", 20);
  for (std::int64_t sample = 0; sample < 4; ++sample) {
    const auto five = draw_shots(rows, {5}, sample).train, sixteen = draw_shots(rows, {16}, sample).train;
    CHECK(five.size() == 5);
    CHECK(std::ranges::is_sorted(sixteen));
    CHECK(std::ranges::includes(sixteen, five));
    CHECK(examples_of(rows, sixteen).size() == 16);
    CHECK(five == draw_shots(rows, {5}, sample).train);
    CHECK(five != draw_shots(rows, {5}, sample + 1).train);
  }
  CHECK(draw_shots(rows, {0}, 0).train.empty());
  std::vector<std::int64_t> everything(40);
  std::iota(everything.begin(), everything.end(), 0);
  CHECK(draw_shots(rows, {}, 3).train == everything);
  CHECK(examples_of(rows, draw_shots(rows, {20}, 0).train).size() == 20);
  CHECK_THROWS_MATCHES(draw_shots(rows, {21}, 0), Error,
                       test::FailsWith(ExitCode::bad_data, "rows.jsonl", "20 examples of task ask", "21", "--shots"));
}

TEST_CASE("examples to validate on are none of those to train on") {
  const test::ScratchDirectory scratch;
  const ShotRows rows = two_templates(scratch / "rows.jsonl", 10);
  const Shots few = draw_shots(rows, {3, 4}, 1), more = draw_shots(rows, {6, 4}, 1), all = draw_shots(rows, {{}, 4}, 1);
  CHECK(few.valid.size() == 4);
  CHECK(few.valid == more.valid);
  CHECK(few.valid == all.valid);
  CHECK(std::ranges::includes(more.train, few.train));
  CHECK(all.train.size() == 12);  // both templates of six examples
  for (const Shots& shots : {few, more, all}) {
    const std::set<std::string> train = examples_of(rows, shots.train);
    for (const std::string& id : examples_of(rows, shots.valid)) CHECK_FALSE(train.contains(id));
  }
  CHECK_THROWS_AS(draw_shots(rows, {7, 4}, 1), Error);
}

TEST_CASE("the examples' lines stand in a file as they were") {
  const test::ScratchDirectory scratch;
  const ShotRows rows = two_templates(scratch / "rows.jsonl", 3);
  const std::vector<std::int64_t> drawn = {0, 3};
  test::write_text(scratch / "drawn.jsonl", lines_of(rows, drawn, kMaxLineBytes));
  const auto read = read_records(scratch / "drawn.jsonl");
  REQUIRE(read.size() == 2);
  CHECK(read[0].id == "row 0");
  CHECK(read[0].template_name == "short");
  CHECK(read[1].id == "row 1");
  CHECK(read[1].template_name == "long");
  CHECK(test::read_text(scratch / "drawn.jsonl").find("\"extra\":1") != std::string::npos);
}

}  // namespace phatgoose
