// Two processes in one directory: every command that keeps a run there refuses the second.
#include <catch2/catch.hpp>
#include <optional>

#include "cli/program.h"
#include "phatgoose/store/run_lock.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

TEST_CASE("a run directory in use is refused, and afterwards no lock is left in the product") {
  const ScratchDirectory scratch;
  const std::string d = scratch.path().string();
  fs::copy(golden_path("t5_v1_1/model"), scratch / "base");
  fs::copy(golden_path("experts/wide"), scratch / "expert");
  fs::remove(scratch / "expert/gate.safetensors");
  write_text(scratch / "rows.jsonl",
             R"({"input_ids": [5, 6, 1], "choices_ids": [[8, 1], [9, 1]], "target_ids": [8, 1]})");
  write_text(scratch / "text.txt", "the red stone sees a bird near the river\nthe old bird sings a new song today\n");
  write_text(scratch / "suite.yaml", "name: s\ntasks:\n  - {name: t, data: rows.jsonl, kind: rank_classification}\n");
  const std::string train = " --model " + d + "/base --data " + d + "/rows.jsonl --steps 1 --batch 1";
  const std::vector<std::pair<std::string, std::string>> commands = {
      {"new", "train-expert --name n --out " + d + "/new" + train},
      {"expert", "train-gate --expert " + d + "/expert" + train},
      {"copy", "train-gate --expert " + d + "/new --out " + d + "/copy" + train},
      {"results", "eval --base --model " + d + "/base --suite " + d + "/suite.yaml --out " + d + "/results"},
      {"model", "pretrain --text " + d + "/text.txt --make-vocab 24 --layers 1 --d-model 16 --d-ff 16 --heads 1 " +
                    "--d-kv 16 --input-length 16 --batch 1 --steps 1 --lm-steps 0 --out " + d + "/model"}};
  for (const auto& [directory, command] : commands) {
    INFO(command);
    std::optional<RunLock> lock(scratch / directory);
    const Outcome refused = phatgoose_line(command);
    CHECK(refused.code == 1);
    CHECK(refused.out.empty());
    CHECK_THAT(refused.err, Catch::Contains(directory + ": in use by process "));
    lock.reset();
    const Outcome outcome = phatgoose_line(command);
    INFO(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK_FALSE(fs::exists(scratch / directory / kRunLockFile));
    // What is finished is only read, whoever holds the directory.
    const RunLock other(scratch / directory);
    CHECK(phatgoose_line(command).code == 0);
  }
}
