// Fisher information from passes of many rows against plain autograd, one example at a time.
#include "phatgoose/train/fisher_information.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <catch2/catch.hpp>

#include "phatgoose/train/sequence_loss.h"
#include "support/tiny_training.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kWidth = 3;
constexpr std::uint64_t kSeed = 5;

/// The same adapter out of differentiable operations.
class PlainBottleneck : public Adapter {
 public:
  PlainBottleneck(const std::string& path, std::int64_t size) {
    RandomStream random(kSeed, stream_number(path));
    for (at::Tensor* weight : {&down, &up}) {
      *weight = weight == &down ? at::empty({kWidth, size}) : at::empty({size, kWidth});
      for (std::int64_t i = 0; i < weight->numel(); ++i) {
        weight->mutable_data_ptr<float>()[i] = static_cast<float>(0.02 * random.normal());
      }
      weight->requires_grad_();
    }
  }

  at::Tensor apply(const at::Tensor&, const at::Tensor& y, const Pass&) const override {
    return y + at::matmul(at::gelu(at::matmul(y, down.t())), up.t());
  }

  at::Tensor down, up;
};

at::Tensor one_at_a_time(T5Model& model, const std::vector<Example>& examples) {
  std::vector<at::Tensor> weights;
  model.remove_adapters();
  for (LinearGroup* group : model.groups()) {
    const std::string& path = group->spec().linears.front().path;
    const bool attention = path.find("ttention.o") != std::string::npos;
    if (!attention && path.find("DenseReluDense.wo") == std::string::npos) continue;
    const auto adapter = std::make_shared<PlainBottleneck>(path, group->out());
    weights.push_back(adapter->down);
    weights.push_back(adapter->up);
    group->set_adapter(adapter);
  }
  std::vector<at::Tensor> squares;
  for (const at::Tensor& weight : weights) squares.push_back(at::zeros_like(weight, at::kDouble));
  const SequenceLoss loss(model);
  for (std::int64_t i = 0; i < std::ssize(examples); ++i) {
    const std::vector<at::Tensor> gradients =
        torch::autograd::grad({loss.sum(examples, std::vector<std::int64_t>{i})}, weights);
    for (std::size_t w = 0; w < weights.size(); ++w) squares[w] += gradients[w].to(at::kDouble).square();
  }
  std::vector<at::Tensor> flat;
  for (const at::Tensor& square : squares) flat.push_back(square.detach().flatten());
  return at::cat(flat) / static_cast<double>(examples.size());
}

}  // namespace

TEST_CASE("Fisher information is the mean squared gradient of one example at a time") {
  T5Model model = test::tiny_model();
  const std::vector<Example> examples = test::tiny_examples(9);
  const at::Tensor expected = one_at_a_time(model, examples);
  FisherInformation information(model, kWidth, kSeed);
  // 2 encoder layers of two adapters, 2 decoder layers of three.
  REQUIRE(information.size() == (2 * 2 + 2 * 3) * 2 * kWidth * 32);
  REQUIRE(expected.numel() == information.size());
  const std::int64_t pass_tokens = GENERATE(1, 30, 4096);
  std::int64_t done = 0;
  const at::Tensor found = information.mean_squares(examples, pass_tokens, [&](std::int64_t rows) { done = rows; });
  CHECK(done == 9);
  CHECK(found.scalar_type() == at::kDouble);
  CHECK(expected.min().item<double>() > 0);
  CHECK(((found - expected).abs() / (expected + 1e-3 * expected.mean())).max().item<double>() < 1e-3);
  CHECK(at::equal(found, information.mean_squares(examples, pass_tokens)));  // nothing is left of the first time
}

}  // namespace phatgoose
