// phatgoose edit: changes to the experts of a routed model, and what it refuses.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/store/routed_model_directory.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kModel = golden_path("t5_v1_1/model");
const std::string kExperts = golden_path("experts");

void build_two(const std::string& out) {
  REQUIRE(run_program("phatgoose-build",
                      {"--model", kModel, "--expert", kExperts + "/wide", kExperts + "/encoder", "--out", out})
              .code == 0);
}

}  // namespace

TEST_CASE("edit adds, removes, pauses and renames experts") {
  const ScratchDirectory scratch;
  const std::string routed = scratch / "routed";
  build_two(routed);
  const RoutedModelManifest before = read_routed_model(routed);
  const Outcome edited =
      run_program("phatgoose-edit", {"--routed", routed, "--model", kModel, "--remove", "encoder", "--rename",
                                     "wide=broad", "--add", "slim=" + kExperts + "/narrow", "--disable", "broad"});
  CHECK(edited.err.empty());
  CHECK(edited.out == routed + "\n");
  const RoutedModelManifest after = read_routed_model(routed);
  REQUIRE(after.experts.size() == 2);
  CHECK(after.experts[0].name == "broad");
  CHECK_FALSE(after.experts[0].enabled);
  CHECK(after.experts[0].files == before.experts[0].files);
  CHECK(after.experts[1].name == "slim");
  CHECK(after.experts[1].enabled);

  REQUIRE(run_program("phatgoose-edit", {"--routed", routed, "--enable", "broad"}).code == 0);
  CHECK(read_routed_model(routed).experts[0].enabled);
}

TEST_CASE("an expert is added, renamed, paused and removed without a look at the others") {
  const ScratchDirectory scratch;
  for (const char* name : {"wide", "encoder", "narrow"}) {
    std::filesystem::copy(kExperts + "/" + name, scratch / name, std::filesystem::copy_options::recursive);
  }
  const std::string d = scratch.path(), routed = scratch / "routed";
  REQUIRE(phatgoose_line("build --model " + kModel + " --out " + routed + " --expert " + d + "/wide " + d + "/encoder")
              .code == 0);
  const auto others = read_routed_model(routed).experts;
  for (const std::string name : {"wide", "encoder"})
    std::filesystem::rename(scratch / name, scratch / (name + "-away"));
  const std::string edit = "edit --routed " + routed + " ";
  for (const std::string& change : {"--model " + kModel + " --add " + d + "/narrow",
                                    std::string("--rename narrow=thin"), std::string("--disable thin")}) {
    CAPTURE(change);
    CHECK(phatgoose_line(edit + change).code == 0);
    const auto experts = read_routed_model(routed).experts;
    REQUIRE(experts.size() == 3);
    CHECK(std::vector(experts.begin(), experts.begin() + 2) == others);
  }
  CHECK(phatgoose_line(edit + "--remove thin").code == 0);
  CHECK(read_routed_model(routed).experts == others);
}

TEST_CASE("edit refuses what does not fit, and changes nothing") {
  const ScratchDirectory scratch;
  build_two(scratch / "routed");
  const std::string start = "edit --routed DIR/routed ";
  check_bad_use(scratch.path(),
                {
                    {"edit --disable wide", 2, {"--routed"}},
                    {"edit --routed DIR/missing --disable wide", 3, {"missing: no such directory"}},
                    {start, 2, {"no change"}},
                    {start + "--disable wade", 2, {"--disable", "wade", "did you mean wide"}},
                    {start + "--remove wide,encoder", 2, {"0 enabled"}},
                    {start + "--disable wide --disable encoder", 2, {"0 enabled"}},
                    {start + "--rename wide", 2, {"--rename", "OLD=NEW"}},
                    {start + "--rename wide=encoder", 2, {"another expert has"}},
                    {start + "--rename wide=a/b", 2, {"a/b", "without slash"}},
                    {start + "--add " + kExperts + "/narrow", 2, {"--add", "no --model"}},
                    {start + "--model " + kModel + " --add " + kExperts + "/wide", 3, {"wide", "unique names"}},
                    {start + "--model " + kModel + " --add DIR", 3, {"adapter_config.json"}},
                    {start + "--model " + std::string(golden_path("t5_v1_0/model")) + " --add " + kExperts + "/narrow",
                     3,
                     {"base model", "was built for"}},
                });
}
