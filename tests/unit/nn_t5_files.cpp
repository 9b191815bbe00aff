// The files of a model: what is written means the same to every version of transformers.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>
#include <numeric>

#include "phatgoose/nn/t5_model.h"
#include "support/fails_with.h"
#include "support/scratch_directory.h"
#include "support/t5_variant.h"

namespace phatgoose {
namespace {

using test::golden_path;
using test::ScratchDirectory;
using test::T5Variant;

constexpr const char* kShared = "shared.weight";
constexpr const char* kHead = "lm_head.weight";

T5Model load(const fs::path& directory) { return T5Model::load(directory, at::kCPU, at::kFloat); }

at::Tensor logits(const T5Model& model) {
  const at::NoGradGuard no_grad;
  const std::vector<TokenIds> sources{{5, 6, 7, 1}, {9, 20, 31, 42, 53, 1}}, targets{{8, 9, 1}, {3, 1}};
  std::vector<std::int64_t> rows(sources.size());
  std::iota(rows.begin(), rows.end(), 0);
  return model.logits(
      model.decode(pack_decoder_inputs(targets, kPadId, at::kCPU), model.encode(pack_ids(sources, at::kCPU)), rows));
}

struct Written {
  bool tied;      ///< by both keys of config.json
  bool has_head;  ///< lm_head.weight is stored
  double change;  ///< of the logits, relative to the largest
};

/// Loads `base`, saves it, and loads what was saved.
Written rewrite(const fs::path& base) {
  const ScratchDirectory scratch;
  const T5Model model = load(base);
  model.save(scratch.path(), at::kFloat);
  const Json config = read_json((scratch / "config.json").string());
  CHECK(config.at("tie_word_embeddings") == config.at("scale_decoder_outputs"));
  const at::Tensor before = logits(model), after = logits(load(scratch.path()));
  return {.tied = config.at("tie_word_embeddings"),
          .has_head = SafetensorsFile(scratch / "model.safetensors").contains(kHead),
          .change = ((after - before).abs().max() / before.abs().max()).item<double>()};
}

Written rewrite(const T5Variant& variant) {
  const ScratchDirectory scratch;
  variant.write(scratch.path());
  return rewrite(scratch.path());
}

void check(const Written& written, bool tied, double tolerance = 0) {
  CHECK(written.tied == tied);
  CHECK(written.has_head == !tied);
  CHECK(written.change <= tolerance);
}

}  // namespace

TEST_CASE("every kind of head is written as a scaled embedding or as a head of its own that is not scaled") {
  check(rewrite(golden_path("t5_v1_0/model")), true);
  check(rewrite(golden_path("t5_v1_1/model")), false);
  check(rewrite(golden_path("t5_v1_1_rewritten/model")), false);
  check(rewrite(T5Variant("t5_v1_0").copy(kShared, kHead)), true);
  check(rewrite(T5Variant("t5_v1_0").copy(kShared, kHead).set("tie_word_embeddings", false)), false);
  check(rewrite(T5Variant("t5_v1_0").set("scale_decoder_outputs", false)), false);
  check(rewrite(T5Variant("t5_v1_1").erase(kHead)), false);
  // The scale becomes part of the head: exactly with 16 numbers a state, up to rounding with 32.
  check(rewrite(golden_path("t5_unusual/model")), false);
  check(rewrite(T5Variant("t5_v1_0").shuffle(kShared, kHead)), false, 1e-6);
}

TEST_CASE("a model whose embedding has another name is the same model") {
  const at::Tensor expected = logits(load(golden_path("t5_v1_0/model")));
  const std::string name =
      GENERATE(as<std::string>(), "encoder.embed_tokens.weight", "decoder.embed_tokens.weight", kHead);
  CAPTURE(name);
  const ScratchDirectory scratch;
  T5Variant("t5_v1_0").rename(kShared, name).write(scratch.path());
  CHECK(at::equal(logits(load(scratch.path())), expected));
}

TEST_CASE("a model without any embedding is refused") {
  const ScratchDirectory scratch;
  T5Variant("t5_v1_0").erase(kShared).write(scratch.path());
  CHECK_THROWS_MATCHES(load(scratch.path()), Error,
                       test::FailsWith(ExitCode::bad_data, "model.safetensors: shared.weight", "no such tensor"));
}

}  // namespace phatgoose
