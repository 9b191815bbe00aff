// phatgoose import: what it writes, and what it refuses.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kModel = golden_path("t5_v1_1_rewritten/model");
const std::string kCheckpoint = golden_path("import/checkpoint.pt");
const std::string kNames = golden_path("import/names.txt");

}  // namespace

TEST_CASE("import writes one directory for each expert and prints where they are") {
  const ScratchDirectory scratch;
  const std::string line = "import --model " + kModel + " --checkpoint " + kCheckpoint + " --names " + kNames +
                           " --out " + (scratch / "experts").string();
  for (int run = 0; run < 2; ++run) {
    const Outcome imported = phatgoose_line(line);
    INFO(imported.err);
    CHECK(imported.code == 0);
    CHECK(imported.out == (scratch / "experts").string() + "\n");
  }
  const Outcome described = phatgoose_line("inspect --verify " + (scratch / "experts/cosmos_qa").string());
  CHECK_THAT(described.out, Catch::Contains("cosmos_qa") && Catch::Contains("gate             yes"));
  CHECK(phatgoose_line(line + "-bare --gate false").code == 0);
  CHECK_FALSE(std::filesystem::exists(scratch / "experts-bare/cosmos_qa/gate.safetensors"));
}

TEST_CASE("import refuses what does not fit, and writes nothing") {
  const ScratchDirectory scratch;
  write_text(scratch / "full/file", "mine");
  write_text(scratch / "few.txt", "one\n");
  write_text(scratch / "slash.txt", "one\n../two\n");
  const std::string checkpoint = read_text(kCheckpoint);
  write_text(scratch / "cut.pt", checkpoint.substr(0, checkpoint.size() / 2));
  write_text(scratch / "words.pt", "no checkpoint at all");

  const auto line = [](const std::string& model, const std::string& file, const std::string& names,
                       const std::string& out) {
    return "import --model " + model + " --checkpoint " + file + " --names " + names + " --out " + out;
  };
  check_bad_use(scratch.path(),
                {
                    {"import", 2, {"--model: missing"}},
                    {"import --model " + kModel + " --names " + kNames + " --out DIR/out", 2, {"--checkpoint"}},
                    {"import --model " + kModel + " --checkpoint " + kCheckpoint + " --out DIR/out", 2, {"--names"}},
                    {line(kModel, kCheckpoint, kNames, "DIR/out --gate maybe"), 2, {"maybe"}},
                    {line(kModel, kCheckpoint, kNames, "DIR/full"), 2, {"full contains "}},
                    {line("DIR/none", kCheckpoint, kNames, "DIR/out"), 3, {"config.json"}},
                    {line(golden_path("t5_v1_1/model"), kCheckpoint, kNames, "DIR/out"), 3, {"embeddings"}},
                    {line(kModel, "DIR/none.pt", kNames, "DIR/out"), 3, {"none.pt"}},
                    {line(kModel, "DIR/cut.pt", kNames, "DIR/out"), 3, {"cut.pt"}},
                    {line(kModel, "DIR/words.pt", kNames, "DIR/out"), 3, {"words.pt"}},
                    {line(kModel, kCheckpoint, "DIR/none.txt", "DIR/out"), 3, {"none.txt"}},
                    {line(kModel, kCheckpoint, "DIR/few.txt", "DIR/out"), 3, {"few.txt", "1 names"}},
                    {line(kModel, kCheckpoint, "DIR/slash.txt", "DIR/out"), 3, {"slash.txt:2", "../two"}},
                    {line(kModel, kCheckpoint, kNames, "/proc/none/out"), 1, {"/proc/none"}},
                });
}
