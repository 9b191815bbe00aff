#include "phatgoose/nn/row_context.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <catch2/catch.hpp>

#include "phatgoose/nn/cached_decoder.h"
#include "support/tiny_t5.h"

using namespace phatgoose;

namespace {

/// Keeps what the last pass knew of its rows.
class ContextKeeper : public Adapter {
 public:
  at::Tensor apply(const at::Tensor&, const at::Tensor& y, const Pass& pass) const override {
    context = pass.rows;
    return y;
  }
  mutable RowContext context;
};

}  // namespace

TEST_CASE("the experts of tokens lie back to back like the tokens") {
  CHECK_FALSE(token_experts_of(std::vector<std::vector<std::int32_t>>{{}, {}}).defined());
  const at::Tensor experts = token_experts_of(std::vector<std::vector<std::int32_t>>{{2, 0, 0}, {1, 2}});
  CHECK(experts.equal(at::tensor(std::vector<std::int64_t>{2, 0, 0, 1, 2})));
}

TEST_CASE("rows inherit what is known of their sources, but not what belongs to tokens") {
  const RowContext sources{at::rand({3, 4}), at::tensor({1, 0, 2}, at::kLong), at::tensor({5, 6, 7}, at::kLong),
                           at::tensor({8, 4, 1}, at::kLong)};
  const RowContext inherited = RowContext().inheriting(sources, std::vector<std::int64_t>{0, 0, 2});
  CHECK(inherited.expert_scores.equal(sources.expert_scores.index_select(0, at::tensor({0, 0, 2}, at::kLong))));
  CHECK(inherited.tasks.equal(at::tensor({5, 5, 7}, at::kLong)));
  CHECK(inherited.places.equal(at::tensor({8, 8, 1}, at::kLong)));
  CHECK_FALSE(inherited.token_experts.defined());

  const RowContext own{{}, at::tensor({3}, at::kLong), at::tensor({9}, at::kLong)};
  const RowContext kept = own.inheriting(sources, std::vector<std::int64_t>{1});
  CHECK(kept.tasks.equal(own.tasks));
  CHECK(kept.token_experts.equal(own.token_experts));
  CHECK(kept.expert_scores.equal(sources.expert_scores.narrow(0, 1, 1)));
}

TEST_CASE("every pass knows its rows: encoder, keys and values, decoder, decoding token by token") {
  T5Model model = test::tiny_model();
  const auto encoder = std::make_shared<ContextKeeper>(), cross = std::make_shared<ContextKeeper>(),
             decoder = std::make_shared<ContextKeeper>();
  for (LinearGroup* group : model.groups()) {
    const std::string& path = group->spec().linears.front().path;
    if (path == "encoder.block.0.layer.0.SelfAttention.q") group->set_adapter(encoder);
    if (path == "decoder.block.0.layer.1.EncDecAttention.k") group->set_adapter(cross);
    if (path == "decoder.block.0.layer.0.SelfAttention.q") group->set_adapter(decoder);
  }
  PackedIds input = pack_ids(std::vector<TokenIds>{{5, 6, 1}, {7, 1}}, at::kCPU);
  input.rows.tasks = at::tensor({4, 2}, at::kLong);
  const at::NoGradGuard no_grad;
  const EncodedRows encoded = model.encode(input);
  CHECK(encoder->context.tasks.equal(input.rows.tasks));
  CHECK(cross->context.tasks.equal(input.rows.tasks));

  const PackedIds targets = pack_decoder_inputs(std::vector<TokenIds>{{8, 1}, {9, 1}, {3, 1}}, 0, at::kCPU);
  model.decode(targets, encoded, std::vector<std::int64_t>{0, 1, 1});
  CHECK(decoder->context.tasks.equal(at::tensor({4, 2, 2}, at::kLong)));

  CachedDecoder cached(model, encoded, 4);
  cached.step(at::zeros({2}, at::kLong));
  CHECK(decoder->context.tasks.equal(input.rows.tasks));
  cached.keep(std::vector<std::int64_t>{1});
  cached.step(at::zeros({1}, at::kLong));
  CHECK(decoder->context.tasks.equal(at::tensor({2}, at::kLong)));
}
