// phatgoose bench on a tiny base.
#include <catch2/catch.hpp>
#include <sstream>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

TEST_CASE("bench prints one JSON line for each work, the GEMM peak first") {
  const std::string base = golden_path("t5_v1_1") / "model";
  const Outcome outcome = phatgoose_line("bench --model " + base +
                                         " --work forward_mixed cold_start --rows 2 --input-length 12 "
                                         "--target-length 3 --repeats 1 --threads 1 --dtype fp32");
  INFO(outcome.err);
  REQUIRE(outcome.code == 0);
  std::istringstream lines(outcome.out);
  std::vector<std::string> works;
  for (std::string text; std::getline(lines, text);) {
    const Json line = Json::parse(text);
    works.push_back(line.at("work"));
    CHECK(line.at("value").get<double>() > 0);
    CHECK(line.at("unit").is_string());
    CHECK(line.contains("share_of_gemm_peak"));
  }
  CHECK(works == std::vector<std::string>{"gemm_peak", "forward_mixed", "cold_start"});
}

TEST_CASE("bench refuses bad use") {
  const ScratchDirectory directory;
  std::filesystem::copy(golden_path("t5_v1_1") / "model", directory / "base");
  const std::string good = "bench --model DIR/base --work rank_lora ";
  check_bad_use(directory.path(), {
                                      {"bench --work backward", 2, {"--work", "backward"}},
                                      {"bench --repeats 0", 2, {"--repeats"}},
                                      {"bench --rows none", 2, {"--rows", "none"}},
                                      {"bench --model t5-v1.1-tiny", 3, {"t5-v1.1-tiny"}},
                                      {"bench --model DIR/base --work routed_experts", 2, {"--expert"}},
                                      {good + "--expert DIR/none", 3, {"none"}},
                                      {good + "--dtype fp16", 2, {"fp16"}},
                                  });
}
