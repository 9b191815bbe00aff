#include "phatgoose/train/sequence_loss.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "support/tiny_training.h"

namespace phatgoose {
namespace {

/// Keeps the tasks of the last pass.
class TaskKeeper : public Adapter {
 public:
  at::Tensor apply(const at::Tensor&, const at::Tensor& y, const Pass& pass) const override {
    tasks = pass.rows.tasks;
    return y;
  }
  mutable at::Tensor tasks;
};

TEST_CASE("the sequence loss is the sum of what its rows add, divided by the target tokens") {
  const T5Model model = test::tiny_model();
  const SequenceLoss objective(model);
  const std::vector<Example> examples = test::tiny_examples(5);
  double sum = 0;
  for (std::int64_t row = 0; row < 5; ++row) sum += objective.sum(examples, std::vector{row}).item<double>();
  CHECK(objective.sum(examples, std::vector<std::int64_t>{3, 1, 0, 4, 2}).item<double>() == Approx(sum));
  CHECK(objective.divisor(examples) == 10);
  CHECK(mean_loss(objective, examples, 1).value() == Approx(sum / 10));
}

TEST_CASE("a pass of training knows the tasks of its rows, in the encoder and in the decoder") {
  T5Model model = test::tiny_model();
  const auto encoder = std::make_shared<TaskKeeper>(), decoder = std::make_shared<TaskKeeper>();
  model.groups().front()->set_adapter(encoder);
  model.groups().back()->set_adapter(decoder);
  std::vector<Example> examples = test::tiny_examples(3);
  for (std::size_t i = 0; i < 3; ++i) examples[i].task = static_cast<std::int64_t>(10 + i);
  SequenceLoss(model).sum(examples, std::vector<std::int64_t>{2, 0});
  CHECK(encoder->tasks.equal(at::tensor({12, 10}, at::kLong)));
  CHECK(decoder->tasks.equal(at::tensor({12, 10}, at::kLong)));
}

}  // namespace
}  // namespace phatgoose
