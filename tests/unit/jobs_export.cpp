// Exported models: the base with LoRA, in weights alone.
#include "phatgoose/jobs/export_job.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <map>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/manifest.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/router_experts.h"
#include "support/tiny_training.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;

const fs::path kPlainBase = golden_path("t5_v1_1/model");

std::string expert_path(const std::string& name) { return golden_path("experts") / name; }

ExportSettings settings_for(const std::vector<std::string>& experts, const fs::path& out) {
  ExportSettings settings;
  settings.model = kPlainBase;
  settings.experts = experts;
  settings.out = out;
  return settings;
}

T5Model load(const fs::path& directory) { return T5Model::load(directory, at::kCPU, at::kFloat); }

double relative_difference(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).abs().max() / expected.abs().max()).item<double>();
}

std::map<std::string, at::Tensor> stored_tensors(const fs::path& directory) {
  std::map<std::string, at::Tensor> tensors;
  const SafetensorsFile file(directory / "model.safetensors");
  for (const auto& [name, view] : file.tensors()) {
    const bool half = view.dtype == DType::bf16;
    tensors[name] = to_tensor(view, at::kCPU, half ? at::kBFloat16 : at::kFloat);
  }
  return tensors;
}

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

TEST_CASE("an exported expert has the logits of the base with its LoRA") {
  const std::string name = GENERATE("wide", "feed_forward", "encoder");
  CAPTURE(name);
  const ScratchDirectory scratch;
  export_model(settings_for({expert_path(name)}, scratch / "out"));
  const std::vector<TokenIds> sources{{5, 6, 7, 1}, {9, 20, 31, 42, 53, 1}}, targets{{8, 9, 1}, {3, 1}};
  T5Model base = load(kPlainBase);
  const at::Tensor plain = test::logits_of(base, sources, targets);
  ExpertParameters::load(ExpertDirectory::open(expert_path(name)), linear_groups(base.config()), at::kCPU).attach(base);
  const at::Tensor expected = test::logits_of(base, sources, targets);
  CHECK(relative_difference(plain, expected) > 1e-2);
  CHECK(relative_difference(test::logits_of(load(scratch / "out"), sources, targets), expected) < 1e-5);
}

TEST_CASE("exported merged products have the logits of the stacked experts in peft") {
  const ScratchDirectory scratch;
  const Json numbers = read_json(golden_path("peft_merged/expected.json"));
  std::vector<std::string> experts;
  for (const auto& name : numbers.at("experts").get<std::vector<std::string>>()) experts.push_back(expert_path(name));
  ExportSettings settings = settings_for(experts, scratch / "out");
  settings.merge = "product";
  export_model(settings);
  const SafetensorsFile tensors(golden_path("peft_merged/expected.safetensors"));
  const at::Tensor actual = test::logits_of(load(scratch / "out"), numbers.at("sources").get<std::vector<TokenIds>>(),
                                            numbers.at("targets").get<std::vector<TokenIds>>());
  CHECK(relative_difference(actual, to_tensor(tensors.at("logits"), at::kCPU, at::kFloat)) < 1e-5);
}

TEST_CASE("merged factors of equal experts are that expert") {
  const ScratchDirectory scratch;
  export_model(settings_for({expert_path("wide")}, scratch / "one"));
  ExportSettings settings = settings_for({expert_path("wide"), expert_path("wide")}, scratch / "two");
  settings.merge = "factors";
  export_model(settings);
  const auto one = stored_tensors(scratch / "one"), two = stored_tensors(scratch / "two");
  REQUIRE(one.size() == two.size());
  for (const auto& [name, tensor] : one) CHECK(relative_difference(two.at(name), tensor) < 1e-6);
}

TEST_CASE("sums are rounded once, and only where the expert adapts") {
  const ScratchDirectory scratch;
  const ExpertDirectory expert = ExpertDirectory::open(expert_path("encoder"));
  export_model(settings_for({expert_path("encoder")}, scratch / "single"));
  ExportSettings settings = settings_for({expert_path("encoder")}, scratch / "half");
  settings.save_dtype = "bf16";
  export_model(settings);
  const auto base = stored_tensors(kPlainBase), single = stored_tensors(scratch / "single"),
             half = stored_tensors(scratch / "half");
  REQUIRE(half.size() == single.size());
  CHECK(read_json((scratch / "half/config.json").string()).at("torch_dtype") == "bfloat16");
  std::size_t changed = 0;
  for (const auto& [name, tensor] : single) {
    CAPTURE(name);
    CHECK(at::equal(half.at(name), tensor.to(at::kBFloat16)));
    const auto lora = expert.loras().find(name.substr(0, name.size() - std::string(".weight").size()));
    if (lora == expert.loras().end()) {
      CHECK(at::equal(tensor, base.at(name)));
      continue;
    }
    ++changed;
    const at::Tensor b = to_tensor(lora->second.b, at::kCPU, at::kDouble);
    const at::Tensor update = at::mm(b, to_tensor(lora->second.a, at::kCPU, at::kDouble)) * lora->second.scale;
    CHECK(relative_difference(tensor, base.at(name) + update) < 1e-6);
  }
  CHECK(changed == expert.loras().size());
}

TEST_CASE("weights keep the type of the base, and bf16 sums pass through fp32") {
  const ScratchDirectory scratch;
  load(kPlainBase).save(scratch / "base", at::kBFloat16);
  const ExpertDirectory expert = ExpertDirectory::open(expert_path("wide"));
  ExportSettings settings = settings_for({expert_path("wide")}, scratch / "half");
  settings.model = scratch / "base";
  export_model(settings);
  settings.out = scratch / "single";
  settings.save_dtype = "fp32";
  export_model(settings);
  const auto half = stored_tensors(scratch / "half"), single = stored_tensors(scratch / "single");
  for (const auto& [name, tensor] : single) {
    CAPTURE(name);
    CHECK(tensor.scalar_type() == at::kFloat);
    CHECK(at::equal(half.at(name), tensor.to(at::kBFloat16)));
  }
}

TEST_CASE("an exported model is a base: tokenizer, fingerprint, origin") {
  const ScratchDirectory scratch;
  fs::copy(kPlainBase, scratch / "base");
  fs::copy_file(golden_path("text/spiece.model"), scratch / "base/spiece.model");
  for (const char* name : {"added_tokens.json", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"}) {
    test::write_text(scratch / "base" / name, "{}");
  }
  ExportSettings settings = settings_for({expert_path("wide")}, scratch / "out");
  settings.model = scratch / "base";
  export_model(settings);
  const std::vector<std::string> files = {
      "added_tokens.json",       "config.json",  "manifest.json",  "model.safetensors",
      "special_tokens_map.json", "spiece.model", "tokenizer.json", "tokenizer_config.json"};
  CHECK(names_in(scratch / "out") == files);
  CHECK(test::read_text(scratch / "out/spiece.model") == test::read_text(scratch / "base/spiece.model"));
  const auto manifest = read_manifest(scratch / "out", "model", /*verify_hashes=*/true);
  REQUIRE(manifest);
  CHECK(manifest->body.at("fingerprint") == base_fingerprint(scratch / "out"));
  CHECK(manifest->body.at("export").at("model") == base_fingerprint(scratch / "base"));
  CHECK(manifest->body.at("export").at("experts").at(0).at("name") == "wide");
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"base", "out"});
}

TEST_CASE("a finished export is left alone, another is not written over") {
  const ScratchDirectory scratch;
  ExportSettings settings = settings_for({expert_path("wide")}, scratch / "out");
  export_model(settings);
  const auto time = fs::last_write_time(scratch / "out/model.safetensors");
  export_model(settings);
  CHECK(fs::last_write_time(scratch / "out/model.safetensors") == time);
  settings.save_dtype = "bf16";
  CHECK_THROWS_MATCHES(export_model(settings), Error, FailsWith(ExitCode::usage, "--out", "another model"));
  settings = settings_for({expert_path("narrow")}, scratch / "out");
  CHECK_THROWS_MATCHES(export_model(settings), Error, FailsWith(ExitCode::usage, "--out", "another model"));
}

TEST_CASE("what cannot be exported leaves nothing behind") {
  const ScratchDirectory scratch;
  ExportSettings settings = settings_for({expert_path("wide"), expert_path("narrow")}, scratch / "out");
  CHECK_THROWS_MATCHES(export_model(settings), Error, FailsWith(ExitCode::usage, "--merge", "2 experts"));
  settings.merge = "factors";
  CHECK_THROWS_MATCHES(export_model(settings), Error,
                       FailsWith(ExitCode::bad_data, "experts/wide", "experts/narrow", "ranks 4 and 1"));
  settings.merge = "product";
  settings.model = golden_path("t5_v1_0/model");
  CHECK_THROWS_MATCHES(export_model(settings), Error, FailsWith(ExitCode::bad_data, "another base"));
  CHECK(names_in(scratch.path()).empty());

  // An expert that remembers its base.
  fs::copy(expert_path("wide"), scratch / "wide");
  write_manifest(scratch / "wide", {"expert", {{"name", "wide"}, {"base", {{"path", "t5"}, {"fingerprint", "0123"}}}}},
                 {"adapter_config.json"});
  CHECK_THROWS_MATCHES(export_model(settings_for({scratch / "wide"}, scratch / "out")), Error,
                       FailsWith(ExitCode::bad_data, "0123", "another base"));

  // Factors whose product is beyond fp32.
  const std::vector<float> huge(64, 3e38f);
  const LinearSpec linear = adapted_linears(read_t5_config(kPlainBase)).front();
  write_adapter(scratch / "huge", {{linear.path, linear.in, linear.out, 1, huge.data(), huge.data()}}, 1.0, "t5");
  CHECK_THROWS_MATCHES(export_model(settings_for({scratch / "huge"}, scratch / "out")), Error,
                       FailsWith(ExitCode::bad_data, linear.path, "infinite"));
  CHECK(names_in(scratch.path()) == std::vector<std::string>{"huge", "wide"});
}

}  // namespace phatgoose
