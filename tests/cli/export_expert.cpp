// phatgoose export-expert: what it writes, and what it refuses.
#include <catch2/catch.hpp>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "support/golden.h"
#include "support/modular_adapter.h"
#include "support/scratch_directory.h"

using namespace phatgoose;
using namespace phatgoose::test;

namespace {

const std::string kModel = golden_path("t5_v1_1/model");
const std::string kPoly = golden_path("modular_poly/adapter");

/// One of every method, of the golden base, in directories called like the methods.
void write_adapters(const fs::path& directory) {
  for (ModularAdapter adapter : every_modular_adapter()) {
    adapter.fingerprint = base_fingerprint(kModel);
    adapter.write(directory / name_of(adapter.shape.method));
  }
}

}  // namespace

TEST_CASE("export-expert writes an expert and prints its directory, once") {
  const ScratchDirectory scratch;
  write_adapters(scratch.path());
  for (const ModularAdapter& adapter : every_modular_adapter()) {
    const std::string method = name_of(adapter.shape.method);
    const std::string out = scratch / "experts" / method;
    const std::string line = "export-expert --model " + kModel + " --from " + (scratch / method).string() +
                             (has_routing(adapter.shape.method) ? " --task zoo" : "") + " --out " + out;
    const Outcome exported = phatgoose_line(line);
    INFO(exported.err);
    CHECK(exported.code == 0);
    CHECK(exported.out == out + "\n");
    const std::string before = read_text(out + "/manifest.json");
    const Outcome again = phatgoose_line(line);
    CHECK(again.code == 0);
    CHECK_THAT(again.err, Catch::Contains("is finished"));
    CHECK(read_text(out + "/manifest.json") == before);
    CHECK_THAT(phatgoose_line("inspect --verify " + out).out,
               Catch::StartsWith("kind") && Catch::Contains("exported from") && Catch::Contains("method " + method));
  }
}

TEST_CASE("an exported expert is predicted with, merged and built") {
  const ScratchDirectory scratch;
  const std::string start = "export-expert --model " + kModel + " --from " + kPoly + " --out ";
  const std::string one = scratch / "one", mean = scratch / "mean";
  CHECK(phatgoose_line(start + one + " --task 1 --name second --save-dtype bf16").code == 0);
  CHECK(phatgoose_line(start + mean + " --unknown-task mean --name mean").code == 0);
  const std::string both = " --model " + kModel + " --expert " + one + " " + mean + " --out " + scratch.path().string();
  CHECK(phatgoose_line("export --merge factors" + both + "/merged").code == 0);
  CHECK(phatgoose_line("build --router arrow" + both + "/routed").code == 3);  // what Arrow needs is not made yet
  CHECK(phatgoose_line("prepare --router arrow --model " + kModel + " --expert " + one + " " + mean).code == 0);
  CHECK(phatgoose_line("build --router arrow" + both + "/routed").code == 0);
}

TEST_CASE("export-expert refuses what does not fit, and writes nothing") {
  const ScratchDirectory scratch;
  write_adapters(scratch.path());
  write_text(scratch / "full/file", "mine");
  std::filesystem::copy(scratch / "poly", scratch / "cut");
  const std::string tensors = read_text(scratch / "cut/adapter_model.safetensors");
  write_text(scratch / "cut/adapter_model.safetensors", tensors.substr(0, tensors.size() / 2));
  ModularAdapter other = every_modular_adapter()[1];
  other.write(scratch / "other-base");
  REQUIRE(phatgoose_line("export-expert --model " + kModel + " --from " + kPoly + " --task 0 --out " +
                         (scratch / "done").string())
              .code == 0);

  const std::string start = "export-expert --model " + kModel + " --out DIR/out --from ";
  check_bad_use(
      scratch.path(),
      {
          {"export-expert", 2, {"--model: missing"}},
          {"export-expert --model " + kModel + " --out DIR/out --task zoo", 2, {"--from: missing"}},
          {"export-expert --model " + kModel + " --from DIR/poly --task zoo", 2, {"--out: missing"}},
          {start + "DIR/poly", 2, {"--task: missing", "zoo, station", "--unknown-task"}},
          {start + "DIR/poly --task statoin", 2, {"--task", "\"statoin\"", "did you mean station?"}},
          {start + kPoly + " --task 3", 2, {"--task", "\"3\"", "0, 1, 2"}},
          {start + "DIR/poly --task zoo --unknown-task mean", 2, {"--unknown-task", "--task"}},
          {start + "DIR/poly --unknown-task median", 2, {"--unknown-task", "mean, uniform"}},
          {start + "DIR/tlora --task zoo", 2, {"--task", "tlora", "leave the option out"}},
          {start + "DIR/tlora --unknown-task mean", 2, {"--unknown-task", "tlora"}},
          {start + "DIR/poly --task zoo --name a/b", 2, {"--name", "\"a/b\"", "without slash"}},
          {start + "DIR/poly --task zoo --save-dtype fp16", 2, {"--save-dtype", "fp32, bf16"}},
          {start + "DIR/poly --task zoo --threads -1", 2, {"--threads"}},
          {start + "DIR/none --task zoo", 3, {"none"}},
          {start + "DIR/cut --task zoo", 3, {"cut/adapter_model.safetensors"}},
          {start + "DIR/other-base --task zoo", 3, {"other-base", "another base"}},
          {start + golden_path("experts/wide").string() + " --task zoo", 3, {"wide", "an expert: one LoRA"}},
          {"export-expert --model DIR/none --from DIR/poly --task zoo --out DIR/out", 3, {"config.json"}},
          {"export-expert --model " + kModel + " --from DIR/poly --task zoo --out DIR/full", 2, {"full contains "}},
          {"export-expert --model " + kModel + " --from DIR/poly --task zoo --out DIR/done",
           2,
           {"done contains another expert"}},
          {"export-expert --model " + kModel + " --from DIR/poly --task zoo --out /proc/none/out", 1, {"/proc/none"}},
      });
}
