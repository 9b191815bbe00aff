#include "phatgoose/embed/base_sentence_encoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "support/golden.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

struct TinyBase {
  Tokenizer tokenizer{test::golden_path("text")};
  T5Model model = [this] {
    T5Config config = test::tiny_config();
    config.vocab_size = tokenizer.size();
    return T5Model::random(config, true, 3, at::kCPU, at::kFloat);
  }();
  BaseSentenceEncoder encoder{model, tokenizer, "0123456789abcdef"};
};

/// The definition: the mean of the states of the text's ids, the first 512 with EOS, divided by its length.
at::Tensor slow_embedding(const TinyBase& base, const std::string& text) {
  const at::NoGradGuard no_gradients;
  const std::vector<TokenIds> row = {base.tokenizer.encode_with_eos(text, 512)};
  const at::Tensor mean = base.model.encode_states(pack_ids(row, at::kCPU)).mean(0);
  return mean / mean.norm();
}

std::vector<std::string> texts() {
  std::string long_text;
  for (int i = 0; i < 700; ++i) long_text += "the river ";
  return {"Geese fly south.", "", long_text, "The house is wonderful.", "\xFF?", long_text + "and the sea"};
}

TEST_CASE("the base encoder gives the mean of its states, made unit length") {
  const TinyBase base;
  const at::Tensor embeddings = base.encoder.embed(texts(), TextRole::plain);
  REQUIRE(embeddings.sizes() == at::IntArrayRef({6, base.encoder.dimension()}));
  for (std::size_t i = 0; i < texts().size(); ++i) {
    INFO("text " << i);
    CHECK((embeddings[static_cast<std::int64_t>(i)] - slow_embedding(base, texts()[i])).abs().max().item<double>() <
          1e-6);
  }
  CHECK((embeddings[2] - embeddings[5]).abs().max().item<double>() < 1e-6);  // they differ beyond 512 tokens
  CHECK((embeddings[0] - embeddings[3]).abs().max().item<double>() > 1e-3);
  CHECK(base.encoder.embed({}, TextRole::plain).size(0) == 0);
  CHECK(base.encoder.fingerprint() == "0123456789abcdef");
}

/// Would show in any state.
class PlusOne : public Adapter {
 public:
  at::Tensor apply(const at::Tensor&, const at::Tensor& y, const Pass&) const override { return y + 1; }
};

TEST_CASE("the base encoder passes over the adapters that its model carries") {
  TinyBase base;
  const at::Tensor expected = base.encoder.embed(texts(), TextRole::plain);
  const auto adapter = std::make_shared<PlusOne>();
  for (const auto& group : base.model.groups()) group->set_adapter(adapter);
  const at::Tensor adapted = slow_embedding(base, "Geese fly south.");
  CHECK(base.encoder.embed(texts(), TextRole::plain).equal(expected));
  CHECK((adapted - expected[0]).abs().max().item<double>() > 1e-3);
}

}  // namespace
}  // namespace phatgoose
