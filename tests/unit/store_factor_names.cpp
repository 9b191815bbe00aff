#include "phatgoose/store/factor_names.h"

#include <catch2/catch.hpp>

namespace phatgoose {
namespace {

const std::string kQuery = "encoder.block.0.layer.0.SelfAttention.q";

FactorName parsed(const std::string& name) {
  CAPTURE(name);
  const auto factor = parse_factor_name(name);
  REQUIRE(factor);
  return *factor;
}

}  // namespace

TEST_CASE("the name of a factor as peft writes it") {
  const FactorName a = parsed("base_model.model." + kQuery + ".lora_A.weight");
  CHECK(a.prefix == "base_model.model.");
  CHECK(a.model_path.empty());
  CHECK(a.path == kQuery);
  CHECK(a.adapter.empty());
  CHECK(a.is_a);
  CHECK_FALSE(parsed("base_model.model." + kQuery + ".lora_B.weight").is_a);
}

TEST_CASE("an adapter's name stands between the factor and its weight") {
  CHECK(parsed("base_model.model." + kQuery + ".lora_A.default.weight").adapter == "default");
  const FactorName named = parsed(kQuery + ".lora_B.my adapter.weight");
  CHECK(named.adapter == "my adapter");
  CHECK(named.path == kQuery);
  CHECK(named.prefix.empty());
}

TEST_CASE("the modules of wrappers are no part of the path") {
  const std::string block = "encoder.block.0.";
  for (const std::string prefix : {"module.base_model.model.", "_orig_mod.base_model.model.", "module.",
                                   "base_model.model.module.", "_fsdp_wrapped_module.base_model.model._orig_mod."}) {
    const FactorName factor = parsed(prefix + kQuery + ".lora_A.weight");
    CHECK(factor.prefix == prefix);
    CHECK(factor.path == kQuery);
    CHECK(factor.model_path.empty());
  }
  for (const std::string wrapper : {"_fsdp_wrapped_module.", "_checkpoint_wrapped_module.", "_orig_mod."}) {
    const std::string wrapped = block + wrapper + kQuery.substr(block.size());
    const FactorName factor = parsed("base_model.model." + wrapped + ".lora_A.weight");
    CHECK(factor.path == kQuery);
    CHECK(factor.prefix == "base_model.model.");
  }
}

TEST_CASE("a T5 within another model has its own place there") {
  const FactorName inner = parsed("base_model.model.model." + kQuery + ".lora_A.weight");
  CHECK(inner.prefix == "base_model.model.model.");
  CHECK(inner.model_path == "model.");
  CHECK(inner.path == kQuery);
  const FactorName wrapped = parsed("base_model.model._orig_mod.model." + kQuery + ".lora_A.weight");
  CHECK(wrapped.model_path == "model.");
  CHECK(wrapped.path == kQuery);
  // Other models are called so themselves.
  CHECK(parsed("base_model.model.model.layers.0.q_proj.lora_A.weight").path == "model.layers.0.q_proj");
  CHECK(parsed("base_model.model.transformer." + kQuery + ".lora_A.weight").path == "transformer." + kQuery);
}

TEST_CASE("other names are no factors") {
  for (const std::string name :
       {"", ".", "weight", "lora_A.weight", "lora_A.default.weight", "x.lora_A", "x.lora_A.bias", "x.lora_A.a.b.weight",
        "base_model.model.lora_A.weight", "module.lora_A.weight", "x.lora_embedding_A", "x.lora_magnitude_vector",
        "base_model.model.lm_head.weight", "x.lora_a.weight"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_factor_name(name));
  }
  CHECK_FALSE(parse_factor_name(std::string(2000, 'x') + ".lora_A.weight"));
}

TEST_CASE("the names of Poly's tensors") {
  const auto poly = [](const std::string& name) {
    CAPTURE(name);
    const auto parsed = parse_poly_name(name);
    REQUIRE(parsed);
    CHECK(parsed->path == kQuery);
    return *parsed;
  };
  CHECK(poly("base_model.model." + kQuery + ".poly_lora_A").part == PolyPart::a);
  CHECK(poly("base_model.model." + kQuery + ".poly_lora_B").part == PolyPart::b);
  CHECK(poly("base_model.model." + kQuery + ".poly_router.module_logits").part == PolyPart::logits);
  CHECK(poly("base_model.model." + kQuery + ".poly_lora_A").prefix == "base_model.model.");
  CHECK(poly(kQuery + ".poly_lora_A").adapter.empty());
  CHECK(poly(kQuery + ".poly_lora_A.default").adapter == "default");
  CHECK(poly(kQuery + ".poly_router.my adapter.module_logits").adapter == "my adapter");
  CHECK(poly("module.base_model.model.model." + kQuery + ".poly_lora_B").model_path == "model.");
  for (const std::string name :
       {"", "poly_lora_A", "base_model.model.poly_lora_A", "x.poly_lora_A.a.b", "x.poly_lora_a", "x.poly_router",
        "x.module_logits", "x.poly_router.a.b.module_logits", "x.poly_router.module_logits.a", "x.lora_A.weight"}) {
    CAPTURE(name);
    CHECK_FALSE(parse_poly_name(name));
  }
  CHECK_FALSE(parse_poly_name(std::string(2000, 'x') + ".poly_lora_A"));
}

}  // namespace phatgoose
