// phatgoose inspect: text, JSON, bad use, and that it answers at once.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

TEST_CASE("inspect answers in lines and in JSON") {
  const std::string directory = golden_path("experts/wide");
  const Outcome text = phatgoose_line("inspect " + directory);
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  CHECK_THAT(text.out, Catch::StartsWith("kind") && Catch::Contains("wide"));
  const Outcome json = phatgoose_line("inspect --json " + directory);
  CHECK(json.code == 0);
  CHECK(parse_json(json.out)["name"] == "wide");
}

TEST_CASE("inspect compares experts on request") {
  const std::string experts = golden_path("experts/wide").string() + " " + golden_path("experts/narrow").string();
  const Outcome text = phatgoose_line("inspect --similarity " + experts);
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  CHECK_THAT(text.out, Catch::StartsWith("kind") && Catch::Contains("\ngates ") && Catch::Contains("\nLoRAs "));
  const Outcome json = phatgoose_line("inspect " + experts + " --json --similarity");
  CHECK(json.code == 0);
  CHECK(parse_json(json.out)["similarity"]["loras"][1][1] == 1.0);
  CHECK_FALSE(parse_json(phatgoose_line("inspect --json " + experts).out).contains("similarity"));
}

TEST_CASE("inspect refuses what it does not know") {
  const ScratchDirectory scratch;
  write_text(scratch / "manifest/manifest.json", "{\"kind\": ");
  std::filesystem::create_directory(scratch / "empty");
  check_bad_use(scratch.path(), {
                                    {"inspect", 2, {"DIR"}},
                                    {"inspect DIR/empty DIR/manifest", 3, {"empty", "nothing that phatgoose knows"}},
                                    {"inspect DIR/none", 3, {"no such directory"}},
                                    {"inspect DIR/empty", 3, {"nothing that phatgoose knows"}},
                                    {"inspect DIR/manifest", 3, {"manifest.json"}},
                                    {"inspect --verify " + golden_path("experts/wide").string(), 3, {"no hashes"}},
                                    {"inspect --similarity " + golden_path("experts/wide").string(), 2, {"several"}},
                                    {"inspect --similarity " + golden_path("t5_v1_1/model").string(), 2, {"model"}},
                                });
}

TEST_CASE("inspect of a file with bad rows shows them and ends with 3") {
  const ScratchDirectory scratch;
  write_text(scratch / "rows.jsonl", "{\"input\": \"a\", \"target\": \"b\"}\n{\n");
  const std::string file = scratch / "rows.jsonl";
  const Outcome bad = phatgoose_line("inspect " + file);
  CHECK(bad.code == 3);
  CHECK(bad.err.empty());
  CHECK_THAT(bad.out, Catch::Contains("bad rows      1\n") && Catch::Contains("rows.jsonl:2: column "));
  const Outcome json = phatgoose_line("inspect --json " + file);
  CHECK(json.code == 3);
  CHECK(parse_json(json.out)["bad"][0]["line"] == 2);
  write_text(scratch / "rows.jsonl", "{\"input\": \"a\", \"target\": \"b\"}\n");
  CHECK(phatgoose_line("inspect " + file).code == 0);
}

TEST_CASE("inspect answers at once: no LibTorch behind it") {
  CHECK(read_text(std::string(PHATGOOSE_PROGRAMS_DIR) + "/phatgoose-inspect").find("libtorch") == std::string::npos);
  const std::string line = "inspect " + golden_path("t5_v1_1/model").string();
  auto fastest = std::chrono::steady_clock::duration::max();
  for (int i = 0; i < 20; ++i) {
    const auto began = std::chrono::steady_clock::now();
    phatgoose_line(line);
    fastest = std::min(fastest, std::chrono::steady_clock::now() - began);
  }
  CHECK(fastest < std::chrono::milliseconds(50));
}
