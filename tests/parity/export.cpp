// Not a test of its own: writes models and adapters for tests/oracle/check_with_{transformers,peft}.py to read.
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "fixed_expert.h"
#include "golden.h"

namespace phatgoose::parity {
namespace {

fs::path export_path(const std::string& name) { return fs::path(PHATGOOSE_EXPORT_DIRECTORY) / name; }

TEST_CASE("Write models for transformers", "[.][export]") {
  const std::string name = GENERATE("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual");
  const auto model = load_model(name);
  model.save(export_path(name), at::kFloat);
  model.save(export_path(name + "_bf16"), at::kBFloat16);
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

}  // namespace
}  // namespace phatgoose::parity
