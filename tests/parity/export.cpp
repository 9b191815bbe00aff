// Not a test of its own: writes models and adapters for tests/oracle/check_with_{transformers,peft}.py to read.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "fixed_expert.h"
#include "forward.h"
#include "golden.h"
#include "phatgoose/jobs/export_job.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "support/t5_variant.h"

namespace phatgoose::parity {
namespace {

fs::path export_path(const std::string& name) { return fs::path(PHATGOOSE_EXPORT_DIRECTORY) / name; }

TEST_CASE("Write models for transformers", "[.][export]") {
  const std::string name = GENERATE("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual");
  const auto model = load_model(name);
  model.save(export_path(name), at::kFloat);
  model.save(export_path(name + "_bf16"), at::kBFloat16);
}

/// A base of every kind of head that checkpoints have, its logits, and the base as it is saved.
void write_head(const std::string& golden, const std::string& kind, const test::T5Variant& variant) {
  const fs::path directory = export_path("heads") / (golden + "-" + kind);
  variant.write(directory / "base");
  const T5Model model = T5Model::load(directory / "base", at::kCPU, at::kFloat);
  const Golden numbers(golden);
  const at::NoGradGuard no_gradients;
  const at::Tensor logits = forward_logits(model, numbers.rows("sources"), numbers.rows("targets")).contiguous();
  write_safetensors(directory / "expected.safetensors", {to_named("logits", logits)});
  model.save(directory / "written", at::kFloat);
}

TEST_CASE("Write models with every kind of head for transformers", "[.][export]") {
  using test::T5Variant;
  const std::string shared = "shared.weight", head = "lm_head.weight", v1_0 = "t5_v1_0", v1_1 = "t5_v1_1";
  write_head(v1_0, "copied", T5Variant(v1_0).copy(shared, head));
  write_head(v1_0, "copied_unscaled", T5Variant(v1_0).copy(shared, head).set("tie_word_embeddings", false));
  write_head(v1_0, "unscaled", T5Variant(v1_0).set("scale_decoder_outputs", false));
  write_head(v1_0, "other_head", T5Variant(v1_0).shuffle(shared, head));
  write_head(v1_0, "decoder_name", T5Variant(v1_0).rename(shared, "decoder.embed_tokens.weight"));
  write_head(v1_0, "head_name", T5Variant(v1_0).rename(shared, head));
  write_head(v1_1, "no_head", T5Variant(v1_1).erase(head));
  write_head(v1_1, "scaled", T5Variant(v1_1).set("scale_decoder_outputs", true));
  write_head(v1_1, "rewritten", T5Variant(v1_1).set("tie_word_embeddings", true).set("scale_decoder_outputs", false));
}

TEST_CASE("Write adapters for peft", "[.][export]") {
  const std::string name = GENERATE("peft_default", "peft_rslora", "peft_query_value", "peft_regex");
  const auto groups = linear_groups(load_model(kFixedExpertBase).config());
  ExpertParameters::load(ExpertDirectory::open(golden_path(name) / "adapter"), groups, at::kCPU)
      .save_adapter(export_path(name), kFixedExpertBase);
}

TEST_CASE("Write an adapter of fixed numbers for peft", "[.][export]") {
  fixed_expert(linear_groups(load_model(kFixedExpertBase).config()))
      .save_adapter(export_path("written_here"), kFixedExpertBase);
}

/// phatgoose export of `experts` to the directory `name`, in fp32 and in bf16.
void export_again(const std::string& name, const std::vector<fs::path>& experts) {
  ExportSettings settings;
  settings.model = golden_path(std::string(kFixedExpertBase) + "/model");
  settings.experts.assign(experts.begin(), experts.end());
  settings.merge = "product";
  for (const std::string dtype : {"fp32", "bf16"}) {
    settings.save_dtype = dtype;
    settings.out = export_path(dtype == "bf16" ? name + "_bf16" : name);
    fs::remove_all(settings.out);
    export_model(settings);
  }
}

TEST_CASE("Write bases with experts in their weights for transformers", "[.][export]") {
  for (const std::string name : {"peft_default", "peft_rslora", "peft_patterns"}) {
    export_again("exported_" + name, {golden_path(name) / "adapter"});
  }
  std::vector<fs::path> experts;
  for (const auto& name : Golden("peft_merged").numbers().at("experts").get<std::vector<std::string>>()) {
    experts.push_back(golden_path("experts") / name);
  }
  export_again("exported_peft_merged", experts);
}

}  // namespace
}  // namespace phatgoose::parity
