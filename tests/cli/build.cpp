// phatgoose build: what it writes, and what it refuses.
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

}  // namespace

TEST_CASE("build makes a routed model and prints its directory") {
  const ScratchDirectory scratch;
  const std::string out = scratch / "routed";
  const std::vector<std::string> arguments = {"--model",
                                              kModel,
                                              "--expert",
                                              kExperts + "/wide",
                                              kExperts + "/encoder",
                                              "--expert",
                                              kExperts + "/narrow",
                                              "--out",
                                              out,
                                              "--k",
                                              "1",
                                              "--enabled",
                                              "wide,narrow"};
  const Outcome built = run_program("phatgoose-build", arguments);
  CHECK(built.err.empty());
  CHECK(built.code == 0);
  CHECK(built.out == out + "\n");
  const RoutedModelManifest model = read_routed_model(out);
  CHECK(model.routing.k == 1);
  REQUIRE(model.experts.size() == 3);
  CHECK(model.experts[2].name == "narrow");
  CHECK_FALSE(model.experts[1].enabled);

  const std::string before = read_text(scratch / "routed/manifest.json");
  CHECK(run_program("phatgoose-build", arguments).code == 0);
  CHECK(read_text(scratch / "routed/manifest.json") == before);
}

TEST_CASE("build makes a token oracle, which takes no settings of selection") {
  const ScratchDirectory scratch;
  const std::string build = "build --model " + kModel + " --expert " + kExperts + "/wide --router token-oracle --out ";
  REQUIRE(phatgoose_line(build + (scratch / "routed").string()).code == 0);
  const RoutedModelManifest model = read_routed_model(scratch / "routed");
  CHECK(model.routing.router == "token-oracle");
  CHECK(model.experts.front().files.size() == 1);
  check_bad_use(scratch.path(), {
                                    {build + "DIR/out --k 1", 2, {"--router token-oracle", "selects nothing"}},
                                    {build + "DIR/out --top-p 0.5", 2, {"--router token-oracle", "selects nothing"}},
                                    {build + "DIR/out --temperature 2", 2, {"--router token-oracle"}},
                                    {build + "DIR/out --mix parameters", 2, {"--router token-oracle", "--mix"}},
                                });
}

TEST_CASE("build takes a library for the experts in it, by name and after those that are listed") {
  const ScratchDirectory scratch;
  std::filesystem::create_directories(scratch / "library/no-expert");
  write_text(scratch / "library/notes.txt", "");
  for (const std::string name : {"wide", "narrow"}) {
    std::filesystem::copy(kExperts + "/" + name, scratch / ("library/" + name));
  }
  const std::string library = scratch / "library";
  const std::string start = "build --model " + kModel + " --expert " + kExperts + "/encoder ";
  const std::string named = scratch / "named", listed = scratch / "listed";
  CHECK(phatgoose_line(start + "--library " + library + " --out " + named).code == 0);
  CHECK(phatgoose_line(start + library + "/narrow " + library + "/wide --out " + listed).code == 0);
  const RoutedModelManifest manifest = read_routed_model(named);
  REQUIRE(manifest.experts.size() == 3);
  CHECK(manifest.experts[1].name == "narrow");
  CHECK(manifest == read_routed_model(listed));
}

TEST_CASE("build gives experts other names, also to their copies") {
  const ScratchDirectory scratch;
  const std::string start = "build --model " + kModel + " --pack --expert broad=" + kExperts + "/wide slim=" + kExperts;
  CHECK(phatgoose_line(start + "/narrow --enabled slim --out " + (scratch / "routed").string()).code == 0);
  const RoutedModelManifest manifest = read_routed_model(scratch / "routed");
  REQUIRE(manifest.experts.size() == 2);
  CHECK(manifest.experts[0].name == "broad");
  CHECK(manifest.experts[0].path == "experts/broad");
  CHECK(std::filesystem::exists(scratch / "routed/experts/slim/adapter_config.json"));
}

TEST_CASE("build refuses what does not fit, and writes nothing") {
  const ScratchDirectory scratch;
  write_text(scratch / "full/file", "mine");
  std::filesystem::copy(kExperts + "/wide", scratch / "cut", std::filesystem::copy_options::recursive);
  const std::string adapter = read_text(scratch / "cut/adapter_model.safetensors");
  write_text(scratch / "cut/adapter_model.safetensors", adapter.substr(0, adapter.size() / 2));
  std::filesystem::create_directory(scratch / "elsewhere");
  std::filesystem::copy(kExperts + "/wide", scratch / "elsewhere/wide", std::filesystem::copy_options::recursive);

  const std::string start = "build --model " + kModel + " --out DIR/out --expert " + kExperts + "/wide ";
  const std::string adapter_path = golden_path("peft_default/adapter");
  check_bad_use(
      scratch.path(),
      {
          {"build", 2, {"--model"}},
          {"build --model " + kModel + " --out DIR/out", 2, {"--expert"}},
          {start + "--k 0", 2, {"--k", "0"}},
          {start + "--k many", 2, {"--k", "many"}},
          {start + "--top-p 1.5", 2, {"top-p", "1.5"}},
          {start + "--top-p 0.5 --k 2", 2, {"--k, --top-p", "one of them"}},
          {start + "..=" + kExperts + "/encoder", 2, {"--expert", "a name without slash"}},
          {start + "--temperature 0", 2, {"temperature"}},
          {start + "--router gshard", 2, {"router", "phatgoose"}},
          {start + "--enabled wid", 2, {"--enabled", "did you mean wide"}},
          {start + "--out DIR/full", 2, {"--out"}},
          {"build --model " + kModel + " --out DIR/full --expert " + kExperts + "/wide", 2, {"full contains file"}},
          {start + adapter_path,
           3,
           {"no gate.safetensors",
            "(phatgoose train-gate --model " + kModel + " --expert " + adapter_path + " --data "}},
          {start + adapter_path + " --router arrow",
           3,
           {"(phatgoose prepare --router arrow --model " + kModel + " --expert " + kExperts + "/wide)"}},
          {start + "DIR/none", 3, {"none", "adapter_config.json"}},
          {start + "DIR/cut", 3, {"cut/adapter_model.safetensors"}},
          {start + "DIR/elsewhere/wide", 3, {"called wide", "unique names"}},
          {"build --model " + golden_path("t5_v1_0/model").string() + " --out DIR/out --expert " + kExperts + "/wide",
           3,
           {"another base"}},
          {"build --model DIR/none --out DIR/out --expert " + kExperts + "/wide", 3, {"config.json"}},
          {"build --model " + kModel + " --out /proc/none/out --expert " + kExperts + "/wide", 1, {"/proc/none"}},
      });
}
