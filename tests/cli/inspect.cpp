// phatgoose inspect: text, JSON, bad use, and that it answers at once.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>

#include "cli/bad_use.h"
#include "cli/program.h"
#include "phatgoose/base/json.h"
#include "phatgoose/store/safetensors.h"
#include "support/golden.h"
#include "support/modular_adapter.h"
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

TEST_CASE("inspect answers of a modular adapter with tables, and as JSON") {
  const std::string directory = golden_path("modular_poly/adapter");
  const Outcome text = phatgoose_line("inspect " + directory);
  CHECK(text.code == 0);
  CHECK(text.err.empty());
  CHECK_THAT(text.out, Catch::StartsWith("kind                modular-adapter\n") && Catch::Contains("\ntasks   ") &&
                           Catch::Contains("\nlayer            used  skill 1  skill 2\n"));
  const Outcome json = phatgoose_line("inspect --json " + directory);
  CHECK(json.code == 0);
  CHECK(parse_json(json.out)["layers"].size() == 4);

  const ScratchDirectory scratch;
  every_modular_adapter()[4].write(scratch / "adapter");
  CHECK(parse_json(phatgoose_line("inspect --json --verify " + (scratch / "adapter").string()).out)["verified"] ==
        true);
}

/// A copy of PEFT's golden directory with other settings.
void write_poly(const fs::path& directory, const char* key, const Json& value) {
  fs::copy(golden_path("modular_mhr/adapter"), directory);
  Json config = read_json((directory / "adapter_config.json").string());
  config[key] = value;
  write_text(directory / "adapter_config.json", config.dump());
}

/// The leaves of an adapter, with the bytes of the first linear's logits in other hands.
void write_leaves(const fs::path& directory, const std::string& name, const Shape& shape, float value) {
  every_modular_adapter()[4].write(directory);
  std::vector<NamedTensor> tensors;
  const std::vector<float> numbers(static_cast<std::size_t>(count_of(shape)), value);
  const SafetensorsFile file(directory / "leaves.safetensors");
  for (const auto& [key, view] : file.tensors()) {
    if (!key.ends_with("SelfAttention.q.logits")) tensors.push_back({key, view});
  }
  tensors.push_back(named_tensor("encoder.block.0.layer.0.SelfAttention.q" + name, DType::f32, shape, numbers.data()));
  write_safetensors(directory / "leaves.safetensors", tensors);
  write_manifest(directory, {kModularKind, every_modular_adapter()[4].body()}, {"leaves.safetensors"});
}

void write_manifest_with(const fs::path& directory, const char* key, const Json& value) {
  const ModularAdapter adapter = every_modular_adapter()[1];
  Json body = adapter.body();
  body[key] = value;
  write_manifest(directory, {kModularKind, body}, adapter.write_files(directory));
}

TEST_CASE("inspect refuses modular adapters that are damaged") {
  const ScratchDirectory scratch;
  write_poly(scratch / "tasks", "n_tasks", 2);
  write_poly(scratch / "splits", "n_splits", 3);
  write_poly(scratch / "type", "poly_type", "other");
  write_leaves(scratch / "missing", ".a2", {2, 6}, 0);
  write_leaves(scratch / "shape", ".logits", {2, 5}, 0);
  write_leaves(scratch / "nan", ".logits", {2, 6}, NAN);
  write_manifest_with(scratch / "twice", "tasks", {"zoo", "zoo"});
  write_manifest_with(scratch / "method", "method", "poly-2");
  check_bad_use(
      scratch.path(),
      {{"inspect DIR/tasks", 3, {"module_logits: shape [3, 4]", "[2, 4] by the sizes in adapter_config.json"}},
       {"inspect DIR/splits", 3, {"shape [2, 2, 16, 2]", "[3, 2, 16, 2]"}},
       {"inspect DIR/type", 3, {"adapter_config.json: poly_type other"}},
       {"inspect DIR/missing", 3, {"SelfAttention.q.a2: a tensor that is no leaf"}},
       {"inspect DIR/shape", 3, {"q.logits: shape [2, 5]", "[2, 6] by the sizes in manifest.json"}},
       {"inspect DIR/nan", 3, {"q.logits: NaN or infinite values"}},
       {"inspect DIR/twice", 3, {"manifest.json: a second task named \"zoo\""}},
       {"inspect DIR/method", 3, {"manifest.json: method \"poly-2\"", "tensorpoly-1"}}});
}

TEST_CASE("a modular adapter is no expert") {
  const ScratchDirectory scratch;
  every_modular_adapter()[2].write(scratch / "adapter");
  check_bad_use(scratch.path(),
                {{"build --model " + golden_path("t5_v1_1/model").string() + " --expert DIR/adapter --out DIR/out",
                  3,
                  {"a modular adapter", "phatgoose export-expert --model DIR --from ", "--task NAME"}}});
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
