#include "phatgoose/eval/generation.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "phatgoose/base/json.h"
#include "phatgoose/nn/cached_decoder.h"
#include "support/golden.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::random_ids;
using test::tiny_model;

constexpr std::int64_t kNewTokens = 12;

/// Computes everything again for every token of one row.
TokenIds generate_slowly(const T5Model& model, const TokenIds& input) {
  const at::NoGradGuard no_grad;
  const EncodedRows encoded = model.encode(pack_ids(std::vector<TokenIds>{input}, model.device()));
  TokenIds output;
  while (static_cast<std::int64_t>(output.size()) < kNewTokens && (output.empty() || output.back() != kEosId)) {
    TokenIds target = output;
    target.push_back(kPadId);  // the token to be found; decoder inputs never hold the last one
    const PackedIds inputs = pack_decoder_inputs(std::vector<TokenIds>{target}, 0, model.device());
    const at::Tensor hidden = model.decode(inputs, encoded, std::vector<std::int64_t>{0});
    output.push_back(static_cast<TokenId>(model.logits(hidden[-1]).argmax().item<std::int64_t>()));
  }
  return output;
}

/// A model whose rows end at different steps: the head's EOS row is made likely.
T5Model model_that_ends() {
  T5Model model = tiny_model(3);
  const at::NoGradGuard no_grad;
  at::Tensor head = model.head().dense();
  head.select(0, kEosId).mul_(2.5);
  return model;
}

TEST_CASE("cached generation equals computing every token anew") {
  const T5Model model = model_that_ends();
  RandomStream random(11);
  std::vector<TokenIds> inputs;
  for (int i = 0; i < 16; ++i) inputs.push_back(random_ids(random, 2 + random.below(30)));
  const std::vector<TokenIds> outputs = generate_greedy(model, pack_ids(inputs, at::kCPU), kNewTokens);
  std::size_t ended = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CHECK(outputs[i] == generate_slowly(model, inputs[i]));
    ended += outputs[i].back() == kEosId;
  }
  CHECK(ended > 0);  // so that rows did leave the batch before others
  CHECK(ended < inputs.size());
}

TEST_CASE("cached decoding gives the hidden states of the whole decoder") {
  const at::NoGradGuard no_grad;
  const T5Model model = tiny_model();
  RandomStream random(2);
  const std::vector<TokenIds> inputs = {random_ids(random, 9), random_ids(random, 4), random_ids(random, 17)};
  const std::vector<TokenIds> targets(3, random_ids(random, 7));
  const EncodedRows encoded = model.encode(pack_ids(inputs, model.device()));
  const PackedIds decoder_inputs = pack_decoder_inputs(targets, 0, model.device());
  const at::Tensor whole =
      model.decode(decoder_inputs, encoded, std::vector<std::int64_t>{0, 1, 2}).view({3, 7, -1});  // [3, T, D]
  const at::Tensor ids = decoder_inputs.ids.view({3, 7});

  CachedDecoder decoder(model, encoded, 7);
  for (std::int64_t t = 0; t < 4; ++t) {
    CHECK(at::allclose(decoder.step(ids.select(1, t)), whole.select(1, t), 1e-5, 1e-5));
  }
  const std::vector<std::int64_t> kept = {0, 2};
  decoder.keep(kept);
  const at::Tensor rows = at::tensor(kept);
  for (std::int64_t t = 4; t < 7; ++t) {
    const at::Tensor expected = whole.select(1, t).index_select(0, rows);
    CHECK(at::allclose(decoder.step(ids.select(1, t).index_select(0, rows)), expected, 1e-5, 1e-5));
  }
}

TEST_CASE("generation does not depend on the neighbours") {
  const T5Model model = model_that_ends();
  RandomStream random(4);
  const std::vector<TokenIds> inputs = {random_ids(random, 20), random_ids(random, 3), random_ids(random, 11)};
  const std::vector<TokenIds> together = generate_greedy(model, pack_ids(inputs, at::kCPU), kNewTokens);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    CHECK(generate_greedy(model, pack_ids(std::vector<TokenIds>{inputs[i]}, at::kCPU), kNewTokens).front() ==
          together[i]);
  }
  CHECK(generate_greedy(model, pack_ids({}, at::kCPU), kNewTokens).empty());
}

TEST_CASE("greedy generation equals that of transformers") {
  const std::string name = GENERATE("t5_v1_1", "t5_v1_0", "t5_v1_1_rewritten", "t5_unusual");
  CAPTURE(name);
  const Json expected = read_json((test::golden_path(name) / "expected.json").string());
  const T5Model model = T5Model::load(test::golden_path(name) / "model", at::kCPU, at::kFloat);
  const auto sources = expected.at("sources").get<std::vector<TokenIds>>();
  CHECK(generate_greedy(model, pack_ids(sources, at::kCPU), expected.at("new_tokens").get<std::int64_t>()) ==
        expected.at("generated").get<std::vector<TokenIds>>());
}

}  // namespace
}  // namespace phatgoose
