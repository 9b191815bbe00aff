// phatgoose export: what it writes, and what it refuses.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kModel = golden_path("t5_v1_1/model");
const std::string kExperts = golden_path("experts");

}  // namespace

TEST_CASE("export writes a model and prints its directory") {
  const ScratchDirectory scratch;
  const std::string out = scratch / "merged";
  const std::vector<std::string> arguments = {
      "--model", kModel, "--expert", kExperts + "/wide", kExperts + "/encoder", "--merge", "product", "--out", out};
  const Outcome exported = run_program("phatgoose-export", arguments);
  INFO(exported.err);
  CHECK(exported.code == 0);
  CHECK(exported.out == out + "\n");
  CHECK_THAT(phatgoose_line("inspect " + out).out, Catch::StartsWith("kind") && Catch::Contains("model"));

  const std::string before = read_text(scratch / "merged/manifest.json");
  CHECK(run_program("phatgoose-export", arguments).code == 0);
  CHECK(read_text(scratch / "merged/manifest.json") == before);
}

TEST_CASE("export takes a library, and names of experts") {
  const ScratchDirectory scratch;
  for (const std::string name : {"wide", "encoder"}) std::filesystem::copy(kExperts + "/" + name, scratch / name);
  const std::string start = "export --model " + kModel + " --merge product --out ";
  CHECK(phatgoose_line(start + (scratch / "one").string() + " --library " + scratch.path().string()).code == 0);
  CHECK(phatgoose_line(start + (scratch / "two").string() + " --expert a=" + kExperts + "/encoder b=" + kExperts +
                       "/wide")
            .code == 0);
  CHECK(read_text(scratch / "one/model.safetensors") == read_text(scratch / "two/model.safetensors"));
  CHECK_THAT(read_text(scratch / "two/manifest.json"), Catch::Contains("\"a\"") && !Catch::Contains("encoder\""));
}

TEST_CASE("export refuses what does not fit, and writes nothing") {
  const ScratchDirectory scratch;
  write_text(scratch / "full/file", "mine");
  std::filesystem::copy(kExperts + "/wide", scratch / "cut");
  const std::string adapter = read_text(scratch / "cut/adapter_model.safetensors");
  write_text(scratch / "cut/adapter_model.safetensors", adapter.substr(0, adapter.size() / 2));
  std::filesystem::copy(kModel, scratch / "cut_base");
  const std::string weights = read_text(scratch / "cut_base/model.safetensors");
  write_text(scratch / "cut_base/model.safetensors", weights.substr(0, weights.size() / 2));

  const std::string start = "export --model " + kModel + " --expert " + kExperts + "/wide ";
  const std::string good = start + "--out DIR/out ";
  const std::string two = good + "--expert " + kExperts + "/narrow ";
  check_bad_use(
      scratch.path(),
      {
          {"export", 2, {"--model: missing"}},
          {"export --model " + kModel + " --out DIR/out", 2, {"--expert: no expert", "--library"}},
          {start, 2, {"--out: missing"}},
          {two, 2, {"--merge", "2 experts"}},
          {two + "--merge mean", 2, {"--merge", "factors, product"}},
          {two + "--merge factors", 3, {"wide", "narrow", "ranks 4 and 1"}},
          {good + "--save-dtype fp16", 2, {"--save-dtype", "fp32, bf16"}},
          {good + "--threads -1", 2, {"--threads"}},
          {start + "--out DIR/full", 2, {"full contains "}},
          {good + "--expert DIR/none --merge product", 3, {"none", "adapter_config.json"}},
          {good + "--expert DIR/cut --merge product", 3, {"cut/adapter_model.safetensors"}},
          {"export --model DIR/none --out DIR/out --expert " + kExperts + "/wide", 3, {"config.json"}},
          {"export --model DIR/cut_base --out DIR/out --expert " + kExperts + "/wide",
           3,
           {"cut_base/model.safetensors"}},
          {"export --model " + golden_path("t5_v1_0/model").string() + " --out DIR/out --expert " + kExperts + "/wide",
           3,
           {"another base"}},
          {start + "--out /proc/none/out", 1, {"/proc/none"}},
      });
}
