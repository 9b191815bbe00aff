#include "phatgoose/store/t5_checkpoint.h"

#include <catch2/catch.hpp>

#include "phatgoose/store/float_values.h"
#include "support/expect_error.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"
#include "support/t5_variant.h"

namespace phatgoose {
namespace {

using test::expect_bad_data;
using test::golden_path;
using test::ScratchDirectory;
using test::stderr_of;
using test::T5Variant;

constexpr const char* kShared = "shared.weight";
constexpr const char* kEncoder = "encoder.embed_tokens.weight";
constexpr const char* kDecoder = "decoder.embed_tokens.weight";
constexpr const char* kNorm = "encoder.final_layer_norm.weight";

/// Writes the variant to a directory and opens it there; the tensors are gone when it returns.
T5Checkpoint opened(const T5Variant& variant) {
  const ScratchDirectory scratch;
  variant.write(scratch.path());
  return open_t5_checkpoint(scratch.path());
}

/// What opening a variant writes to stderr; opening it again says nothing.
std::string said(const T5Variant& variant) {
  const ScratchDirectory scratch;
  variant.write(scratch.path());
  const auto open = [&] { open_t5_checkpoint(scratch.path()); };
  const std::string text = stderr_of(open);
  CHECK(stderr_of(open).empty());
  return text;
}

void expect_refusal(const T5Variant& variant, const std::vector<std::string>& words) {
  expect_bad_data([&] { opened(variant); }, words);
}

TEST_CASE("the embedding may be stored under any of its names") {
  const std::string name = GENERATE(as<std::string>(), kShared, kEncoder, kDecoder, kHeadName);
  CAPTURE(name);
  T5Variant variant("t5_v1_0");
  if (name != kShared) variant.rename(kShared, name);
  const T5Checkpoint checkpoint = opened(variant);
  CHECK(checkpoint.embedding == name);
  CHECK_FALSE(checkpoint.separate_head);
}

TEST_CASE("a head is one of its own where it is not the embedding") {
  CHECK(opened(T5Variant("t5_v1_1")).separate_head);
  CHECK_FALSE(opened(T5Variant("t5_v1_0")).separate_head);
  CHECK_FALSE(opened(T5Variant("t5_v1_0").copy(kShared, kHeadName)).separate_head);
  CHECK(opened(T5Variant("t5_v1_0").shuffle(kShared, kHeadName)).separate_head);
}

TEST_CASE("copies of the embedding pass") {
  T5Variant variant("t5_v1_1");
  variant.copy(kShared, kEncoder).copy(kShared, kDecoder);
  CHECK(said(variant).empty());
  CHECK(opened(variant).embedding == kShared);
}

TEST_CASE("a second embedding is refused by name") {
  for (const std::string name : {kEncoder, kDecoder}) {
    expect_refusal(T5Variant("t5_v1_1").shuffle(kShared, name),
                   {"model.safetensors: " + name, "shared.weight", "one embedding"});
  }
  expect_refusal(T5Variant("t5_v1_1").shuffle(kShared, kDecoder).rename(kShared, kEncoder),
                 {std::string(": ") + kDecoder, kEncoder, "one embedding"});
}

TEST_CASE("values are equal over number types where they are the same numbers") {
  const std::vector<float> numbers = {1, -2.5F, 0.125F};
  const std::vector<std::uint16_t> halves = {0x3f80, 0xc020, 0x3e00}, others = {0x3f80, 0xc020, 0x3e01};
  const TensorView single{DType::f32, {3}, std::as_bytes(std::span(numbers))};
  CHECK(equal_values(single, single));
  CHECK(equal_values(single, {DType::bf16, {3}, std::as_bytes(std::span(halves))}));
  CHECK_FALSE(equal_values(single, {DType::bf16, {3}, std::as_bytes(std::span(others))}));
  CHECK_FALSE(equal_values(single, {DType::f32, {3, 1}, single.bytes}));
  CHECK_FALSE(equal_values(single, {DType::i32, {3}, single.bytes}));
}

TEST_CASE("tensors that the model's modules do not have are refused by name") {
  const std::string name = GENERATE(as<std::string>(), "encoder.block.2.layer.0.SelfAttention.q.weight",
                                    "decoder.block.0.layer.0.SelfAttention.q.bias",
                                    "decoder.block.1.layer.1.EncDecAttention.relative_attention_bias.weight",
                                    "encoder.block.0.layer.1.DenseReluDense.wi.weight",
                                    "encoder.block.0.layer.0.SelfAttention.q.SCB", "lm_head.bias", "shared.scale");
  CAPTURE(name);
  expect_refusal(T5Variant("t5_v1_1").copy(kNorm, name),
                 {"model.safetensors: " + name, "2 encoder and 2 decoder layers"});
}

TEST_CASE("fewer layers in the configuration than in the file are refused") {
  expect_refusal(T5Variant("t5_v1_1").set("num_layers", 1), {"encoder.block.1.", "1 encoder and 2 decoder layers"});
}

TEST_CASE("integers in place of weights are refused") {
  T5Variant variant("t5_v1_1");
  variant.tensors.at("encoder.block.0.layer.0.SelfAttention.q.weight").dtype = DType::i32;
  expect_refusal(variant, {"SelfAttention.q.weight", "I32", "quantisation"});
}

TEST_CASE("tensors beside the model are said, once") {
  T5Variant variant("t5_v1_1");
  for (const char* name : {"z", "classification_head.dense.weight", "classification_head.dense.bias", "step"}) {
    variant.copy(kNorm, name);
  }
  CHECK_THAT(said(variant), Catch::EndsWith("ignored tensors: classification_head.dense.bias, "
                                            "classification_head.dense.weight, step and 1 more\n"));
}

TEST_CASE("the table that old releases stored for cross-attention is no news") {
  CHECK(said(T5Variant("t5_v1_1").copy("decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
                                       "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"))
            .empty());
}

TEST_CASE("what transformers writes needs no comment") {
  const std::string golden = GENERATE(as<std::string>(), "t5_v1_0", "t5_v1_1", "t5_v1_1_rewritten", "t5_unusual");
  CAPTURE(golden);
  CHECK(stderr_of([&] { open_t5_checkpoint(golden_path(golden) / "model"); }).empty());
}

TEST_CASE("head and configuration that disagree are said") {
  CHECK_THAT(said(T5Variant("t5_v1_0").shuffle(kShared, kHeadName)),
             Catch::Contains("lm_head.weight differs from the embedding although"));
  CHECK_THAT(said(T5Variant("t5_v1_1").erase(kHeadName)), Catch::Contains("no lm_head.weight although"));
  // As transformers 5 writes v1.1.
  CHECK(said(T5Variant("t5_v1_1").set("tie_word_embeddings", true).set("scale_decoder_outputs", false)).empty());
}

}  // namespace
}  // namespace phatgoose
