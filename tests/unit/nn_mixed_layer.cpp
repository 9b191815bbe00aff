// Copies of layers that are mixed by row, or chosen for it (METHODS 8).
#include "phatgoose/nn/mixed_layer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <catch2/catch.hpp>

#include "phatgoose/nn/cached_decoder.h"
#include "phatgoose/nn/t5_stack.h"
#include "support/mixture.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::Copies;
using test::GivenRoutes;

constexpr std::int64_t kMixedCopies = 3, kMixedLayers = 4;

/// Rows of several tasks, with targets of different lengths; several targets have one source.
struct MixedRows {
  PackedIds inputs, targets;
  std::vector<std::int64_t> source_rows = {0, 0, 1, 2, 3, 3};

  MixedRows() {
    RandomStream random(5);
    std::vector<TokenIds> sources, answers;
    for (const std::int64_t length : {6, 6, 9, 3}) sources.push_back(test::random_ids(random, length));
    for (const std::int64_t length : {2, 2, 4, 3, 3, 3}) answers.push_back(test::random_ids(random, length));
    inputs = pack_ids(sources, at::kCPU);
    inputs.rows.tasks = at::tensor(std::vector<std::int64_t>{0, 1, 1, 2});
    targets = pack_decoder_inputs(answers, 0, at::kCPU);
  }

  at::Tensor states(const T5Model& model, const Dropout* dropout = nullptr) const {
    return model.decode(targets, model.encode(inputs, dropout), source_rows, dropout);  // [N_tgt, D]
  }
};

/// Of three tasks, one-hot.
at::Tensor one_hot_table() {
  at::manual_seed(2);
  const at::Tensor chosen = at::randint(kMixedCopies, {3, kMixedLayers, 1}, at::kLong);
  return at::zeros({3, kMixedLayers, kMixedCopies}).scatter_(-1, chosen, 1.0);
}

at::Tensor soft_table() {
  at::manual_seed(4);
  return at::softmax(at::randn({3, kMixedLayers, kMixedCopies}), -1);
}

/// What a row's task alone makes of the model: the copy of every layer that the route says, in the layer's place.
void put_chosen(T5Model& model, const Copies& copies, const at::Tensor& route) {  // [L, m]
  for (std::size_t layer = 0; layer < copies.size(); ++layer) {
    const auto chosen = route[static_cast<std::int64_t>(layer)].argmax().item<std::int64_t>();
    model.replace_layer(static_cast<std::int64_t>(layer), copies[layer][static_cast<std::size_t>(chosen)]);
  }
}

/// The mixture by an explicit sum for every token, in fp64.
class SlowMixture : public Layer {
 public:
  SlowMixture(std::vector<std::shared_ptr<LayerCopy>> copies, at::Tensor routes)
      : copies_(std::move(copies)), routes_(std::move(routes)) {}

  at::Tensor forward(const at::Tensor& x, const LayerContext& context) const override {
    at::Tensor sum = at::zeros(x.sizes(), at::kDouble);
    for (std::size_t copy = 0; copy < copies_.size(); ++copy) {
      LayerContext own = context;
      const auto number = static_cast<std::int64_t>(copy);
      const at::Tensor keys_values = context.keys_values ? (*context.keys_values)[number] : at::Tensor();
      if (context.keys_values) own.keys_values = &keys_values;
      const at::Tensor h = copies_[copy]->forward(x, own).to(at::kDouble);
      const Packing& packing = context.pass.packing;
      for (std::int64_t row = 0; row < packing.rows(); ++row) {
        const auto task = context.pass.rows.tasks[row].item<std::int64_t>();
        const double weight = routes_[task][number].item<double>();
        for (std::int64_t i = 0; i < packing.length(row); ++i) {
          sum[packing.offset(row) + i] += weight * h[packing.offset(row) + i];
        }
      }
    }
    return sum.to(at::kFloat);
  }
  at::Tensor cross_keys_values(const at::Tensor& states, const Pass& pass) const override {
    std::vector<at::Tensor> all;
    for (const auto& copy : copies_) all.push_back(copy->cross_keys_values(states, pass));
    return at::stack(all);
  }

 private:
  std::vector<std::shared_ptr<LayerCopy>> copies_;
  at::Tensor routes_;  // [tasks, m]
};

double furthest(const at::Tensor& x, const at::Tensor& y) { return (x - y).abs().max().item<double>(); }

}  // namespace

TEST_CASE("equal copies are the layer itself, whatever the routes") {
  const at::NoGradGuard no_grad;
  const MixedRows rows;
  T5Model model = test::tiny_model();
  const at::Tensor base = rows.states(model);
  const Copies copies = test::make_copies(model, kMixedCopies, 0);
  test::put_on(model, copies, std::make_shared<GivenRoutes>(one_hot_table(), /*as_copies=*/true));
  CHECK(furthest(rows.states(model), base) < 1e-6);
  test::put_on(model, copies, std::make_shared<GivenRoutes>(soft_table(), /*as_copies=*/false));
  CHECK(furthest(rows.states(model), base) < 1e-5);
}

TEST_CASE("a single copy is the layer to the bit, dropout included") {
  const at::NoGradGuard no_grad;
  const MixedRows rows;
  T5Model model = test::tiny_model();
  const Dropout dropout(0.2, 3, 1, {4, 0, 2, 1});
  const at::Tensor base = rows.states(model, &dropout);
  const Copies copies = test::make_copies(model, 1, 0);
  test::put_on(model, copies, std::make_shared<GivenRoutes>(at::ones({3, kMixedLayers, 1}), true));
  CHECK(rows.states(model, &dropout).equal(base));
}

TEST_CASE("copies are mixed by the weights of each row") {
  const at::NoGradGuard no_grad;
  const MixedRows rows;
  T5Model model = test::tiny_model();
  const Copies copies = test::make_copies(model, kMixedCopies, 0.05);
  const at::Tensor table = soft_table();
  test::put_on(model, copies, std::make_shared<GivenRoutes>(table, false));
  const at::Tensor mixed = rows.states(model);
  for (std::size_t layer = 0; layer < copies.size(); ++layer) {
    const auto number = static_cast<std::int64_t>(layer);
    model.replace_layer(number, std::make_shared<SlowMixture>(copies[layer], table.select(1, number)));
  }
  CHECK(furthest(rows.states(model), mixed) < 1e-5);
  model.remove_adapters();
  CHECK(furthest(rows.states(model), mixed) > 1e-2);
}

TEST_CASE("rows of one copy each are what that copy makes of them alone") {
  const at::NoGradGuard no_grad;
  const MixedRows rows;
  T5Model model = test::tiny_model();
  const Copies copies = test::make_copies(model, kMixedCopies, 0.05);
  const at::Tensor table = one_hot_table();
  const bool dropped = GENERATE(false, true);
  const Dropout dropout(0.2, 3, 1, {4, 0, 2, 1});
  const Dropout* noise = dropped ? &dropout : nullptr;
  test::put_on(model, copies, std::make_shared<GivenRoutes>(table, true));
  const at::Tensor chosen = rows.states(model, noise);
  test::put_on(model, copies, std::make_shared<GivenRoutes>(table, false));
  CHECK(furthest(rows.states(model, noise), chosen) < 1e-5);
  for (std::int64_t row = 0; row < rows.targets.packing.rows(); ++row) {
    const auto task = rows.inputs.rows.tasks[rows.source_rows[static_cast<std::size_t>(row)]].item<std::int64_t>();
    put_chosen(model, copies, table[task]);
    const std::int64_t begin = rows.targets.packing.offset(row), length = rows.targets.packing.length(row);
    CHECK(furthest(rows.states(model, noise).narrow(0, begin, length), chosen.narrow(0, begin, length)) < 1e-5);
  }
}

TEST_CASE("copies decode token by token as they do whole rows, and rows may leave") {
  const at::NoGradGuard no_grad;
  const MixedRows rows;
  T5Model model = test::tiny_model();
  const Copies copies = test::make_copies(model, kMixedCopies, 0.05);
  const bool as_copies = GENERATE(true, false);
  test::put_on(model, copies, std::make_shared<GivenRoutes>(as_copies ? one_hot_table() : soft_table(), as_copies));
  RandomStream random(8);
  std::vector<TokenIds> targets;
  for (int row = 0; row < 4; ++row) targets.push_back(test::random_ids(random, 5));
  const PackedIds decoder_inputs = pack_decoder_inputs(targets, 0, at::kCPU);
  const EncodedRows encoded = model.encode(rows.inputs);
  const at::Tensor whole =
      model.decode(decoder_inputs, encoded, std::vector<std::int64_t>{0, 1, 2, 3}).view({4, 5, -1});  // [4, T, D]
  const at::Tensor ids = decoder_inputs.ids.view({4, 5});
  CachedDecoder decoder(model, encoded, 5);
  for (std::int64_t t = 0; t < 2; ++t) CHECK(furthest(decoder.step(ids.select(1, t)), whole.select(1, t)) < 1e-5);
  const std::vector<std::int64_t> kept = {0, 2, 3};
  decoder.keep(kept);
  const at::Tensor left = at::tensor(kept);
  for (std::int64_t t = 2; t < 5; ++t) {
    const at::Tensor step = decoder.step(ids.select(1, t).index_select(0, left));
    CHECK(furthest(step, whole.select(1, t).index_select(0, left)) < 1e-5);
  }
}

TEST_CASE("the gradient of the weights is that of finite differences") {
  const MixedRows rows;
  T5Model model = test::tiny_model();
  const Copies copies = test::make_copies(model, 2, 0.1);
  const at::Tensor table = at::softmax(at::randn({3, kMixedLayers, 2}), -1).requires_grad_();
  const at::Tensor direction = at::randn({rows.targets.packing.tokens(), 32});
  const auto loss = [&](const at::Tensor& routes) {
    test::put_on(model, copies, std::make_shared<GivenRoutes>(routes, false));
    return (rows.states(model) * direction).sum();
  };
  loss(table).backward();
  const at::NoGradGuard no_grad;
  const double step = 1e-2;
  for (std::int64_t task = 0; task < 3; ++task) {
    for (std::int64_t layer = 0; layer < kMixedLayers; ++layer) {
      const at::Tensor up = table.detach().clone(), down = table.detach().clone();
      up[task][layer][1] += step;
      down[task][layer][1] -= step;
      const double slope = (loss(up) - loss(down)).item<double>() / (2 * step);
      CHECK(table.grad()[task][layer][1].item<double>() == Approx(slope).epsilon(0.02).margin(0.05));
    }
  }
}

TEST_CASE("the base alone passes its replaced layers over, and gets them back") {
  const at::NoGradGuard no_grad;
  const MixedRows rows;
  T5Model model = test::tiny_model();
  const at::Tensor states = model.encode_states(rows.inputs), decoded = rows.states(model);
  test::put_on(model, test::make_copies(model, 2, 0.1),
               std::make_shared<GivenRoutes>(soft_table().narrow(2, 0, 2), false));
  CHECK_FALSE(model.encode_states(rows.inputs).equal(states));
  CHECK(model.encode_base_states(rows.inputs).equal(states));
  model.remove_adapters();
  CHECK(rows.states(model).equal(decoded));
}

TEST_CASE("packed copies compute what plain ones do") {
  const at::NoGradGuard no_grad;
  const MixedRows rows;
  T5Model model = test::tiny_model();
  const Copies copies = test::make_copies(model, kMixedCopies, 0.05);
  test::put_on(model, copies, std::make_shared<GivenRoutes>(one_hot_table(), true));
  const at::Tensor plain = rows.states(model);
  for (const auto& layer : copies) {
    for (const auto& copy : layer) copy->pack_weights();
  }
  CHECK(furthest(rows.states(model), plain) < 1e-5);
}

TEST_CASE("places of dropout limit how many copies there are") {
  const T5Config config = test::tiny_config();
  CHECK(most_copies(config) == (65536 - 8) / 8 / 4);
  CHECK(layer_paths(config) ==
        std::vector<std::string>{"encoder.block.0", "encoder.block.1", "decoder.block.0", "decoder.block.1"});
}

}  // namespace phatgoose
