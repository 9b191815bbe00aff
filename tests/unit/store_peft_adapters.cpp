// LoRA directories as the world has them: every number type, older containers, modules of other models.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "phatgoose/store/expert_directory.h"
#include "phatgoose/store/float_values.h"
#include "phatgoose/store/safetensors.h"
#include "support/fails_with.h"
#include "support/golden.h"
#include "support/scratch_directory.h"
#include "support/stderr_of.h"

namespace phatgoose {
namespace {

using test::FailsWith;
using test::golden_path;
using test::ScratchDirectory;

constexpr const char* kQuery = "encoder.block.0.layer.0.SelfAttention.q";

/// Turns small numbers, of which every type here can hold at least the first eight bits, into `dtype`.
std::vector<std::byte> stored_as(const std::vector<float>& values, DType dtype) {
  std::vector<std::byte> bytes(values.size() * size_of(dtype));
  const auto put = [&](std::size_t i, const auto& stored) {
    std::memcpy(bytes.data() + i * sizeof stored, &stored, sizeof stored);
  };
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (dtype == DType::f64) {
      put(i, static_cast<double>(values[i]));
    } else if (dtype == DType::f32) {
      put(i, values[i]);
    } else {
      std::uint32_t bits;
      std::memcpy(&bits, &values[i], sizeof bits);
      // bf16 is the upper half of a float. f16: sign, then exponent and mantissa moved to another bias.
      const auto sign = static_cast<std::uint16_t>(bits >> 16 & 0x8000);
      const bool finite = std::isfinite(values[i]);
      const std::uint32_t moved = values[i] == 0 ? 0 : (bits - 0x38000000) >> 13 & 0x7fff;
      const auto half = static_cast<std::uint16_t>(sign | (finite ? moved : 0x7c00));
      put(i, dtype == DType::bf16 ? static_cast<std::uint16_t>(bits >> 16) : half);
    }
  }
  return bytes;
}

/// An adapter of rank 2 for the linear `path` [3, 2] whose A holds `numbers`, stored as `dtype`.
void write_stored(const fs::path& directory, const std::string& path, const std::vector<float>& numbers, DType dtype) {
  const std::vector<float> ones(6, 1.0f);
  write_adapter(directory, {{path, 3, 2, 2, ones.data(), ones.data()}}, 2.0, "base");
  const std::vector<std::byte> a = stored_as(numbers, dtype), b = stored_as(ones, dtype);
  const std::string name = "base_model.model." + path;
  write_safetensors(directory / "adapter_model.safetensors",
                    {{name + ".lora_A.weight", {dtype, {2, 3}, a}},
                     {name + ".lora_B.weight", {dtype, {2, 2}, std::span(b).first(4 * size_of(dtype))}}});
}

DType any_floating_type() { return GENERATE(DType::f64, DType::f32, DType::f16, DType::bf16); }

}  // namespace

TEST_CASE("factors of every floating-point type are read") {
  const DType dtype = any_floating_type();
  CAPTURE(name_of(dtype));
  const ScratchDirectory scratch;
  const std::vector<float> numbers = {0.5f, -1.25f, 3.0f, -0.0078125f, 96.0f, 1.0f};
  write_stored(scratch / "expert", kQuery, numbers, dtype);
  const ExpertDirectory expert = ExpertDirectory::open(scratch / "expert");
  const LoraEntry& lora = expert.loras().at(kQuery);
  CHECK(lora.a.dtype == dtype);
  CHECK(lora.scale == 1.0);
  CHECK(float_values(lora.a) == numbers);
}

TEST_CASE("NaN and infinite values of every floating-point type are refused, unless nobody asks") {
  const DType dtype = any_floating_type();
  const float bad = GENERATE(static_cast<float>(NAN), static_cast<float>(INFINITY), -static_cast<float>(INFINITY));
  CAPTURE(name_of(dtype), bad);
  const ScratchDirectory scratch;
  write_stored(scratch / "expert", kQuery, {1, 2, 3, 4, bad, 6}, dtype);
  CHECK_THROWS_MATCHES(ExpertDirectory::open(scratch / "expert"), Error,
                       FailsWith(ExitCode::bad_data, "lora_A", "NaN or infinite"));
  CHECK_NOTHROW(ExpertDirectory::open(scratch / "expert", /*check_values=*/false));
}

TEST_CASE("an expert whose updates are all zero is said to change nothing") {
  const DType dtype = any_floating_type();
  CAPTURE(name_of(dtype));
  const ScratchDirectory scratch;
  const auto said = [&](const std::vector<float>& numbers) {
    write_stored(scratch / "expert", kQuery, numbers, dtype);
    return test::stderr_of([&] { ExpertDirectory::open(scratch / "expert"); });
  };
  CHECK_THAT(said({0, -0.0f, 0, 0, 0, 0}), Catch::Contains("changes nothing"));
  CHECK(said({0, 0, 0, 0, 0, 0.5f}).empty());
}

TEST_CASE("adapter_model.bin holds what adapter_model.safetensors does") {
  const ExpertDirectory old = ExpertDirectory::open(golden_path("peft_query_value/old_adapter"));
  const ExpertDirectory now = ExpertDirectory::open(golden_path("peft_query_value/adapter"));
  CHECK(old.adapter_file().filename() == "adapter_model.bin");
  REQUIRE(old.loras().size() == now.loras().size());
  for (const auto& [path, lora] : now.loras()) {
    CAPTURE(path);
    CHECK(float_values(old.loras().at(path).a) == float_values(lora.a));
    CHECK(float_values(old.loras().at(path).b) == float_values(lora.b));
    CHECK(old.loras().at(path).scale == lora.scale);
  }
  CHECK(old.adapter_hash() == content_hash_of_file(golden_path("peft_query_value/old_adapter/adapter_model.bin")));
}

TEST_CASE("a module that the base does not have is named, with what it was probably meant to be") {
  const ScratchDirectory scratch;
  const T5Config base = read_t5_config(golden_path("t5_v1_1/model"));
  const auto refused = [&](const std::string& path, const std::string& hint) {
    write_stored(scratch / "expert", path, std::vector<float>(6, 1.0f), DType::f32);
    const ExpertDirectory expert = ExpertDirectory::open(scratch / "expert");
    CHECK_THROWS_MATCHES(expert.check_base(base, ""), Error,
                         FailsWith(ExitCode::bad_data, path, "no such linear layer", hint));
  };
  refused("encoder.block.0.layer.0.SelfAttention.qq", std::string("did you mean ") + kQuery);
  refused("encoder.block.9.layer.0.SelfAttention.q", "did you mean");
  refused("model.layers.0.self_attn.q_proj", "another base model");
}

}  // namespace phatgoose
