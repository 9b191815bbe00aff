#include "phatgoose/store/checkpoint_import.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/manifest.h"
#include "phatgoose/store/routed_model_builder.h"
#include "phatgoose/store/safetensors.h"
#include "phatgoose/store/torch_zip.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/scratch_directory.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::read_text;
using test::ScratchDirectory;
using test::write_text;

constexpr const char* kQuery = "encoder.block.0.layer.0.SelfAttention.q";
const std::vector<std::string> kNames = {"cosmos_qa", "rotten tomatoes"};

ImportPlan golden_plan(const fs::path& out) {
  return {.model = golden_path("t5_v1_1_rewritten/model"),
          .checkpoint = golden_path("import/checkpoint.pt"),
          .names = golden_path("import/names.txt"),
          .out = out};
}

std::string part_name(const std::string& path, const char* part, int index) {
  return path + "._addons." + part + "__" + std::to_string(index);
}

bool same(const TensorView& view, const std::vector<float>& values) {
  const std::vector<float> stored = float_values(view);
  return stored.size() == values.size() && std::equal(stored.begin(), stored.end(), values.begin());
}

/// The golden checkpoint as safetensors, with some changes to its tensors.
template <typename Change>
fs::path changed_checkpoint(const fs::path& path, Change&& change) {
  const TorchZipFile file(golden_path("import/checkpoint.pt"));
  std::vector<NamedTensor> tensors;
  for (const auto& [name, view] : file.tensors()) tensors.push_back({name, view});
  change(tensors);
  write_safetensors(path, tensors);
  return path;
}

NamedTensor& named(std::vector<NamedTensor>& tensors, const std::string& name) {
  return *std::find_if(tensors.begin(), tensors.end(), [&](const NamedTensor& tensor) { return tensor.name == name; });
}

void erase_where(std::vector<NamedTensor>& tensors, const std::string& part) {
  std::erase_if(tensors, [&](const NamedTensor& tensor) { return tensor.name.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("every expert of a checkpoint becomes a complete expert directory") {
  const ScratchDirectory scratch;
  const ImportPlan plan = golden_plan(scratch / "experts");
  import_checkpoint(plan);
  const TorchZipFile file(plan.checkpoint);
  const T5Config config = read_t5_config(plan.model);
  for (int index = 0; index < 2; ++index) {
    const ExpertDirectory expert = ExpertDirectory::open(plan.out / kNames[index]);
    CHECK(expert.name() == kNames[index]);
    CHECK(expert.has_gate());
    CHECK(expert.loras().size() == adapted_linears(config).size());
    expert.check_base(config, base_fingerprint(plan.model));
    for (const auto& [path, lora] : expert.loras()) {
      CAPTURE(path);
      CHECK(lora.rank == 2);
      CHECK(lora.scale == 0.5);
      CHECK(same(lora.a, transposed_values(file.at(part_name(path, "expert_lora.layer1", index)))));
      CHECK(same(lora.b, transposed_values(file.at(part_name(path, "expert_lora.layer2", index)))));
      CHECK(same(expert.gates().at(path), float_values(file.at(part_name(path, "router.expert_embeddings", index)))));
    }
    const auto manifest = read_manifest(plan.out / kNames[index], "expert", /*verify_hashes=*/true);
    REQUIRE(manifest);
    CHECK(manifest->body.at("import").at("checkpoint") == content_hash_of_file(plan.checkpoint));
    CHECK(manifest->body.at("import").at("index") == index);
  }
}

TEST_CASE("factors are transposed entry by entry") {
  const ScratchDirectory scratch;
  import_checkpoint(golden_plan(scratch / "experts"));
  const TorchZipFile file(golden_path("import/checkpoint.pt"));
  const ExpertDirectory expert = ExpertDirectory::open(scratch / "experts/cosmos_qa");
  const std::vector<float> layer1 = float_values(file.at(part_name(kQuery, "expert_lora.layer1", 0)));  // [in, R]
  const std::vector<float> a = float_values(expert.loras().at(kQuery).a);                               // [R, in]
  CHECK(a[0] == layer1[0]);
  CHECK(a[1] == layer1[2]);
  CHECK(a[16] == layer1[1]);
}

TEST_CASE("bf16 checkpoints are read, their embeddings compared up to rounding") {
  const ScratchDirectory scratch;
  ImportPlan plan = golden_plan(scratch / "half");
  plan.checkpoint = golden_path("import/half.pt");
  import_checkpoint(plan);
  import_checkpoint(golden_plan(scratch / "single"));
  const ExpertDirectory half = ExpertDirectory::open(scratch / "half/cosmos_qa"),
                        single = ExpertDirectory::open(scratch / "single/cosmos_qa");
  CHECK(half.loras().at(kQuery).a.dtype == DType::f32);
  const std::vector<float> rounded = float_values(half.loras().at(kQuery).a),
                           exact = float_values(single.loras().at(kQuery).a);
  for (std::size_t i = 0; i < exact.size(); ++i) CHECK(rounded[i] == Approx(exact[i]).epsilon(1.0 / 256));
  CHECK(rounded != exact);
}

TEST_CASE("experts may be imported without their gates") {
  const ScratchDirectory scratch;
  ImportPlan plan = golden_plan(scratch / "experts");
  plan.gate = false;
  plan.checkpoint = changed_checkpoint(scratch / "none.safetensors", [](auto& tensors) {
    erase_where(tensors, "router.expert_embeddings__1");
    tensors.push_back({std::string(kQuery) + "._addons.expert_lora.expert_input_gate", tensors.front().view});
  });
  import_checkpoint(plan);
  for (const std::string& name : kNames) CHECK_FALSE(ExpertDirectory::open(plan.out / name).has_gate());
  CHECK_FALSE(fs::exists(plan.out / kNames[0] / "gate.safetensors"));
}

TEST_CASE("imported experts make a routed model") {
  const ScratchDirectory scratch;
  const ImportPlan plan = golden_plan(scratch / "experts");
  import_checkpoint(plan);
  build_routed_model(
      {.model = plan.model, .experts = {plan.out / kNames[0], plan.out / kNames[1]}, .out = scratch / "routed"});
  CHECK(read_routed_model(scratch / "routed").experts.at(1).name == kNames[1]);
}

TEST_CASE("a finished import is left alone, anything else is not written over") {
  const ScratchDirectory scratch;
  ImportPlan plan = golden_plan(scratch / "experts");
  import_checkpoint(plan);
  const auto time = fs::last_write_time(plan.out / kNames[0] / "manifest.json");
  import_checkpoint(plan);
  CHECK(fs::last_write_time(plan.out / kNames[0] / "manifest.json") == time);

  plan.gate = false;
  CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::usage, "--out", "not these experts"));
  plan.gate = true;
  fs::remove_all(plan.out / kNames[1]);
  CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::usage, "--out"));
  fs::remove_all(plan.out);
  write_text(plan.out / "notes.txt", "mine");
  CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::usage, "--out"));
  CHECK(read_text(plan.out / "notes.txt") == "mine");
}

TEST_CASE("names must fit the checkpoint") {
  const ScratchDirectory scratch;
  const auto refused = [&](const std::string& text, const std::string& where, const std::string& says) {
    CAPTURE(text);
    ImportPlan plan = golden_plan(scratch / "experts");
    plan.names = scratch / "names.txt";
    write_text(plan.names, text);
    CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::bad_data, where, says));
    CHECK_FALSE(fs::exists(plan.out));
  };
  refused("one\n", "names.txt", "1 names");
  refused("", "names.txt", "0 names");
  refused("one\ntwo\nthree\n", "names.txt", "3 names");
  refused("one\none\n", "names.txt:2", "one a second time");
  refused("one\n\nthree", "names.txt:2", "the name \"\"");
  refused("one\na/b\n", "names.txt:2", "a/b");
  refused("one\n..\n", "names.txt:2", "\"..\"");
  refused("a,b\ntwo\n", "names.txt:1", "comma");

  ImportPlan plan = golden_plan(scratch / "experts");
  plan.names = scratch / "windows.txt";
  write_text(plan.names, "one\r\ntwo\r\n");
  import_checkpoint(plan);
  CHECK(ExpertDirectory::open(plan.out / "two").name() == "two");
}

TEST_CASE("checkpoints that are not complete, or not for this base, are refused") {
  const ScratchDirectory scratch;
  const auto refused = [&](auto&& change, const std::vector<std::string>& says) {
    ImportPlan plan = golden_plan(scratch / "experts");
    plan.checkpoint = changed_checkpoint(scratch / "changed.safetensors", change);
    for (const std::string& words : says) {
      CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::bad_data, words));
    }
    CHECK_FALSE(fs::exists(plan.out));
  };
  const std::string layer1 = part_name(kQuery, "expert_lora.layer1", 1),
                    layer2 = part_name(kQuery, "expert_lora.layer2", 1),
                    gate = part_name(kQuery, "router.expert_embeddings", 0);
  refused([&](auto& tensors) { erase_where(tensors, layer1); }, {layer1, "no such tensor"});
  refused([&](auto& tensors) { erase_where(tensors, layer2); }, {layer2, "no such tensor"});
  refused([&](auto& tensors) { erase_where(tensors, gate); }, {gate, "--gate false"});
  refused([&](auto& tensors) { erase_where(tensors, std::string(kQuery) + "._addons"); }, {kQuery});
  refused([&](auto& tensors) { erase_where(tensors, "decoder.block"); }, {"decoder.block.0", "no such tensor"});
  refused([&](auto& tensors) { erase_where(tensors, "__0"); }, {"expert 0", "missing"});
  refused([&](auto& tensors) { erase_where(tensors, "_addons"); }, {"no tensor named", "original PHATGOOSE"});
  refused([&](auto& tensors) { named(tensors, layer1).view.shape = {2, 16}; }, {layer1, "[2, 16]", "[16, 2]"});
  refused(
      [&](auto& tensors) {
        TensorView& view = named(tensors, layer1).view;
        view.shape = {16, 1};
        view.bytes = view.bytes.first(view.bytes.size() / 2);
      },
      {layer1, "[16, 1]", "one rank"});
  refused([&](auto& tensors) { named(tensors, gate).view.shape = {1, 16}; }, {gate, "[1, 16]", "[16]"});
  refused([&](auto& tensors) { named(tensors, gate).view.dtype = DType::i32; }, {gate, "I32"});
  refused([&](auto& tensors) { named(tensors, layer1).name = part_name(kQuery, "expert_lora.layer1", 1) + "x"; },
          {"__ and its number"});
  refused([&](auto& tensors) { named(tensors, layer1).name = part_name(kQuery, "expert_lora.layer3", 1); },
          {"layer3__1", "unknown kind"});
  refused(
      [&](auto& tensors) {
        tensors.push_back({std::string(kQuery) + "._addons.expert_lora.expert_input_gate", named(tensors, gate).view});
      },
      {"expert_input_gate", "router.expert_embeddings"});
  refused(
      [&](auto& tensors) {
        tensors.push_back({part_name("encoder.block.7.layer.0.SelfAttention.q", "expert_lora.layer1", 0),
                           named(tensors, layer1).view});
      },
      {"encoder.block.7", "no such linear"});
  std::vector<float> values(16, 0.5f);
  values[3] = NAN;
  refused([&](auto& tensors) { named(tensors, gate).view.bytes = std::as_bytes(std::span(values)); },
          {gate, "NaN or infinite"});
}

TEST_CASE("experts of another base are known by their embeddings") {
  const ScratchDirectory scratch;
  std::vector<float> other;
  ImportPlan plan = golden_plan(scratch / "experts");
  for (const char* name : {"shared.weight", "encoder.embed_tokens.weight"}) {
    plan.checkpoint = changed_checkpoint(scratch / "changed.safetensors", [&](auto& tensors) {
      TensorView& view = named(tensors, name).view;
      other = float_values(view);
      other.back() += 0.25f;
      view.bytes = std::as_bytes(std::span(other));
    });
    CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::bad_data, name, "embeddings"));
  }
  plan.checkpoint = changed_checkpoint(scratch / "changed.safetensors", [&](auto& tensors) {
    erase_where(tensors, "embed_tokens");
    erase_where(tensors, "shared");
  });
  import_checkpoint(plan);  // nothing to compare
  CHECK(fs::exists(plan.out / kNames[0]));
  plan = golden_plan(scratch / "others");
  plan.model = golden_path("t5_v1_1/model");
  CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::bad_data, "embeddings"));
}

TEST_CASE("what is no checkpoint is refused") {
  const ScratchDirectory scratch;
  ImportPlan plan = golden_plan(scratch / "experts");
  plan.checkpoint = golden_path("store/legacy.bin");
  CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::bad_data, "before version 1.6"));
  plan.checkpoint = golden_path("store/foreign_class.bin");
  CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::bad_data, "collections.Counter"));
  plan.checkpoint = golden_path("store/module.bin");
  CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::bad_data, "embeddings"));
  plan.checkpoint = scratch / "none.pt";
  CHECK_THROWS_MATCHES(import_checkpoint(plan), Error, FailsWith(ExitCode::bad_data, "none.pt"));
}

}  // namespace phatgoose
