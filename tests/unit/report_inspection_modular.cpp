// inspect of modular adapters.
#include <catch2/catch.hpp>
#include <sstream>

#include "phatgoose/report/inspection.h"
#include "phatgoose/report/table_bands.h"
#include "phatgoose/store/manifest.h"
#include "support/expect_error.h"
#include "support/golden.h"
#include "support/modular_adapter.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

/// An adapter of so many tasks, each of which prefers one of three skills.
test::ModularAdapter adapter_of(std::size_t tasks) {
  test::ModularAdapter adapter{.shape = {ModularMethod::poly, 2, 3, 1, 1}};
  adapter.tasks.clear();
  std::vector<float> logits;
  for (std::size_t t = 0; t < tasks; ++t) {
    adapter.tasks.push_back("task number " + std::to_string(t));
    for (std::size_t s = 0; s < 3; ++s) logits.push_back(t % 3 == s ? 2 : -2);
  }
  adapter.logits = {logits, logits};
  return adapter;
}

std::size_t longest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  return longest;
}

std::string tables_of(const Json& found) {
  const std::string text = inspection_text(found);
  return text.substr(text.find("\n\n"));
}

}  // namespace

TEST_CASE("inspect describes a directory of PEFT's Poly") {
  const Json found = inspect_directory(test::golden_path("modular_mhr/adapter"), false);
  CHECK(found["kind"] == "modular-adapter");
  CHECK(found["manifest"] == false);
  CHECK(found["name"] == "adapter");
  CHECK(found["method"] == "mhr");
  CHECK(found["rank"] == 2);
  CHECK(found["skills"] == 2);
  CHECK(found["splits"] == 2);
  CHECK(found["order"] == 1);
  CHECK(found["base"].is_null());
  CHECK(found["linears"] == 16);
  CHECK(found["adapts"] == Json{{"k", 6}, {"o", 6}, {"wo", 4}});
  CHECK(found["dtypes"] == Json::array({"F32"}));
  CHECK(found["adapter_parameters"] == 6 * 4 * (32 + 24) + 6 * 4 * (24 + 32) + 4 * 4 * (40 + 32));
  CHECK(found["routing_parameters"] == 16 * 3 * 4);
  CHECK(found["tasks"] == Json::array({"0", "1", "2"}));
  REQUIRE(found["task_similarity"].size() == 3);
  CHECK(found["task_similarity"][1][1] == 1.0);
  CHECK(found["task_similarity"][0][2] == found["task_similarity"][2][0]);
  REQUIRE(found["layers"].size() == 4);
  CHECK(found["layers"][2]["layer"] == "decoder.block.0");
  const std::string text = inspection_text(found);
  CHECK_THAT(text,
             Catch::Contains("adapter parameters  3,840\n") && Catch::Contains("tasks               3: 0, 1, 2\n"));
  CHECK_THAT(text, Catch::Contains("\ntasks ") && Catch::Contains("\nencoder.block.0  "));
}

TEST_CASE("inspect tells which skills tasks share") {
  const test::ScratchDirectory scratch;
  adapter_of(4).write(scratch.path());
  const Json found = inspect_directory(scratch.path(), true);
  CHECK(found["verified"] == true);
  CHECK(found["base"]["fingerprint"] == "0123456789abcdef");
  // w is [p, q, q] in some order, p = 0.786986, q = 0.106507: cos = (2 p q + q q) / (p p + 2 q q)
  CHECK(found["task_similarity"][0] == Json::array({1.0, 0.278774, 0.278774, 1.0}));
  CHECK(found["layers"][0] == Json{{"layer", "encoder.block.0"},
                                   {"effective_skills", 1.945604},
                                   {"weights", {0.446747, 0.276627, 0.276627}}});
  CHECK(tables_of(found) == R"(

tasks          task number 0  task number 1  task number 2  task number 3
-------------------------------------------------------------------------
task number 0          1.000          0.279          0.279          1.000
task number 1          0.279          1.000          0.279          0.279
task number 2          0.279          0.279          1.000          0.279
task number 3          1.000          0.279          0.279          1.000

layer            used  skill 1  skill 2  skill 3
------------------------------------------------
encoder.block.0  1.95    0.447    0.277    0.277
decoder.block.1  1.95    0.447    0.277    0.277
)");
}

TEST_CASE("tables of many tasks stay readable") {
  const test::ScratchDirectory scratch;
  adapter_of(36).write(scratch / "some");
  const std::string some = tables_of(inspect_directory(scratch / "some", false));
  CHECK(longest_line(some) <= 100);
  CHECK_THAT(some, Catch::Contains("    tasks               1      2 ") &&
                       Catch::Contains("\n36  task number 35  0.279  0.279  1.000  0.279"));
  adapter_of(41).write(scratch / "many");
  const std::string many = tables_of(inspect_directory(scratch / "many", false));
  CHECK(longest_line(many) <= 120);
  CHECK_THAT(many,
             Catch::Contains("task            most alike ") &&
                 Catch::Contains("\ntask number 4   task number 1 1.000  task number 7 1.000  task number 10 1.000  "
                                 "task number 39 0.279\n"));
}

TEST_CASE("inspect says of TLoRA that it has no routing") {
  const test::ScratchDirectory scratch;
  test::every_modular_adapter().front().write(scratch.path());
  const Json found = inspect_directory(scratch.path(), false);
  CHECK(found["method"] == "tlora");
  CHECK(found["routing_parameters"] == 0);
  CHECK(found["tasks"] == Json::array({"zoo", "station"}));
  CHECK_FALSE(found.contains("task_similarity"));
  CHECK_FALSE(found.contains("layers"));
  CHECK_THAT(inspection_text(found),
             Catch::Contains("tasks               2: zoo, station\n") && !Catch::Contains("\n\n"));
}

TEST_CASE("inspect of a folder has a table of modular adapters") {
  const test::ScratchDirectory scratch;
  test::every_modular_adapter()[4].write(scratch / "second");
  fs::copy(test::golden_path("modular_poly/adapter"), scratch / "first");
  const std::string text = inspection_text(inspect_directory(scratch.path(), false));
  CHECK_THAT(text, Catch::Contains("adapter  method        rank  skills  splits  order  tasks  targets   base\n") &&
                       Catch::Contains("\nfirst    poly             2       2       1      1      3  q v wi_0  -\n") &&
                       Catch::Contains("\nadapter  tensorpoly-2     2       3       1      2      2  o q       0123"));
}

TEST_CASE("leaves without a manifest are no adapter, and inspect says why") {
  const test::ScratchDirectory scratch;
  test::every_modular_adapter().front().write(scratch.path());
  fs::remove(scratch / "manifest.json");
  test::expect_bad_data([&] { inspect_directory(scratch.path(), false); }, {"no manifest.json", "leaves.safetensors"});
}

TEST_CASE("a wide table is cut into bands") {
  Table table({"name", "a", "bb", "ccc"}, {3});
  table.add({"x", "1", "2", "3"});
  table.add_rule();
  table.add({"yy", "4", "5", "6"});
  CHECK(banded_text(table, 1, 100) == table.text());
  CHECK(banded_text(table, 1, 11) == R"(name  a  bb
-----------
x     1  2
-----------
yy    4  5

name  ccc
---------
x       3
---------
yy      6
)");
  CHECK(banded_text(table, 1, 3) == R"(name  a
-------
x     1
-------
yy    4

name  bb
--------
x     2
--------
yy    5

name  ccc
---------
x       3
---------
yy      6
)");
}

}  // namespace phatgoose
