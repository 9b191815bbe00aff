// phatgoose routes: what it prints and writes, and what it refuses.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "phatgoose/store/task_vectors_directory.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

struct RouteFiles {
  ScratchDirectory scratch;

  RouteFiles() {
    write_text(scratch / "routes.json",
               R"({"layers": ["encoder 1"], "copies": 2, "tasks": {"food": [[1, 0]], "home": [[0.9, 0.1]],
                   "past": [[0, 1]], "sort": [[0.2, 0.8]]}})");
    write_text(scratch / "few.yaml", "food: animal\nhome: animal\npast: word\n");
    std::filesystem::create_directories(scratch / "vectors");
    write_task_vectors(scratch / "vectors",
                       {.tasks = {"food", "home", "past"},
                        .method = kTextVectors,
                        .dimension = 1,
                        .values = {1, 2, 3},
                        .fingerprint = "0123456789abcdef",
                        .recipe = {.base = {{512, "fp32"}}}},
                       std::nullopt, "t5", Json::object());
  }
};

const std::string kCategories = golden_path("../../assets/categories/held-in.yaml").lexically_normal();

}  // namespace

TEST_CASE("routes prints the agreement, and writes the figure where it is asked for") {
  const RouteFiles files;
  const std::string routes = files.scratch / "routes.json", svg = files.scratch / "routes.svg";
  const std::string command = "routes " + routes + " --categories " + kCategories + " --permutations 99";
  const Outcome text = phatgoose_line(command);
  INFO(text.err);
  CHECK(text.code == 0);
  CHECK_THAT(text.out, Catch::Contains("clusters and categories") && Catch::Contains("food (animal), home (animal)"));
  const Outcome json = phatgoose_line(command + " --json --seed 5 --heat-map " + svg);
  CHECK(json.code == 0);
  const Json found = Json::parse(json.out);
  CHECK(found["agreement"][0]["value"] == 1.0);
  CHECK(found["permutations"] == 99);
  CHECK(found["seed"] == 5);
  CHECK_THAT(read_text(files.scratch / "routes.svg"), Catch::StartsWith("<svg") && Catch::EndsWith("</svg>\n"));
}

TEST_CASE("routes refuses bad use") {
  const RouteFiles files;
  const std::string start = "routes DIR/routes.json --categories ", good = start + kCategories;
  check_bad_use(files.scratch.path(),
                {
                    {"routes", 2, {"path: missing"}},
                    {"routes DIR/routes.json", 2, {"--categories: missing"}},
                    {"routes DIR/none.json --categories " + kCategories, 3, {"none.json"}},
                    {"routes DIR/few.yaml --categories " + kCategories, 3, {"few.yaml:1", "invalid JSON"}},
                    {start + "DIR/none.yaml", 3, {"none.yaml"}},
                    {start + "DIR/few.yaml", 3, {"few.yaml", "no category of task sort"}},
                    {good + " --clusters 9", 2, {"--clusters: 9", "at most 4"}},
                    {good + " --permutations 0", 2, {"--permutations"}},
                    {good + " --vectors DIR/vectors", 3, {"no vector of task sort"}},
                    {good + " --vectors DIR/none", 3, {"no manifest.json", "task-vectors"}},
                    {good + " --heat-map DIR/none/deep/map.svg", 1, {"none/deep/map.svg"}},
                });
}
