#include "phatgoose/train/few_shot_loss.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <array>
#include <catch2/catch.hpp>
#include <cmath>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/random.h"
#include "phatgoose/data/batching.h"
#include "phatgoose/train/sequence_loss.h"
#include "support/tiny_training.h"

namespace phatgoose {
namespace {

/// Rows with one to four choices of unequal length; every fourth has none.
std::vector<Example> choosing_examples(std::int64_t count) {
  RandomStream random(8);
  std::vector<Example> examples;
  for (std::int64_t i = 0; i < count; ++i) {
    Example example{test::random_ids(random, 2 + static_cast<std::int64_t>(random.below(9))), {}};
    const std::int64_t choices = (i + 3) % 4 == 0 ? 0 : 1 + i % 5;
    for (std::int64_t c = 0; c < choices; ++c) {
      example.choices.push_back(test::random_ids(random, 2 + static_cast<std::int64_t>(random.below(4))));
    }
    example.right = choices == 0 ? 0 : static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(choices)));
    example.target = choices == 0 ? test::random_ids(random, 3) : example.choices[example.right];
    example.task = i;
    examples.push_back(std::move(example));
  }
  return examples;
}

std::vector<std::int64_t> all_rows(const std::vector<Example>& examples) {
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < examples.size(); ++i) rows.push_back(static_cast<std::int64_t>(i));
  return rows;
}

/// log p of every token of one answer to one input, by a pass of their own and a softmax over all logits in fp64.
at::Tensor explicit_log_likelihoods(const T5Model& model, const TokenIds& input, const TokenIds& answer) {  // [length]
  const EncodedRows encoded = model.encode(pack_ids(std::vector<TokenIds>{input}, at::kCPU));
  const PackedIds inputs =
      pack_decoder_inputs(std::vector<TokenIds>{answer}, model.config().decoder_start_token_id, at::kCPU);
  const at::Tensor hidden = model.decode(inputs, encoded, std::vector<std::int64_t>{0});      // [length, D]
  const at::Tensor logits = hidden.matmul(model.head().dense().t()).to(at::kDouble);          // [length, V]
  const at::Tensor ids = pack_ids(std::vector<TokenIds>{answer}, at::kCPU).ids.unsqueeze(1);  // [length, 1]
  return at::log_softmax(logits, 1).gather(1, ids).squeeze(1);
}

/// The three terms of Liu et al. 2022, token by token, differentiable.
std::array<at::Tensor, 3> explicit_terms(const T5Model& model, const std::vector<Example>& examples) {
  at::Tensor language_model = at::zeros({}, at::kDouble), choice = language_model.clone();
  at::Tensor unlikelihood = language_model.clone();
  std::int64_t right_tokens = 0, rows = 0, wrong_tokens = 0;
  for (const Example& example : examples) {
    if (example.choices.empty()) {
      language_model = language_model - explicit_log_likelihoods(model, example.input, example.target).sum();
      right_tokens += std::ssize(example.target);
      continue;
    }
    std::vector<at::Tensor> scores;
    for (std::int64_t c = 0; c < std::ssize(example.choices); ++c) {
      const at::Tensor tokens = explicit_log_likelihoods(model, example.input, example.choices[c]);
      scores.push_back(tokens.mean());
      if (c == example.right) {
        language_model = language_model - tokens.sum();
        right_tokens += tokens.numel();
      } else {
        for (std::int64_t t = 0; t < tokens.numel(); ++t) {
          unlikelihood = unlikelihood - (1 - tokens[t].exp() + 0.01).log();
          ++wrong_tokens;
        }
      }
    }
    choice = choice - at::log_softmax(at::stack(scores), 0)[example.right];
    ++rows;
  }
  return {language_model / right_tokens, choice / rows, unlikelihood / wrong_tokens};
}

/// A tiny model with an adapter whose factors are all trained, away from zero.
struct TrainedModel {
  T5Model model = test::tiny_model();
  ExpertParameters adapter = ExpertParameters::initial(linear_groups(model.config()), 2, 4, at::kCPU);

  TrainedModel() {
    at::manual_seed(9);
    for (const auto& group : adapter.groups()) group->b.normal_(0, 0.05);
    for (const auto& group : adapter.groups()) group->a.normal_(0, 0.2);
    adapter.set_trainable(/*lora=*/true, /*gates=*/false);
    adapter.attach(model);
  }

  /// The gradients of what `loss` computes, as one vector.
  template <typename Loss>
  at::Tensor gradients_of(Loss loss) {
    std::vector<at::Tensor> gradients;
    for (const NamedParameter& parameter : adapter.trainable()) {
      at::Tensor leaf = parameter.tensor;
      leaf.mutable_grad() = at::zeros_like(leaf.detach());
    }
    loss();
    for (const NamedParameter& parameter : adapter.trainable()) gradients.push_back(parameter.tensor.grad().flatten());
    return at::cat(gradients);
  }
};

double relative_distance(const at::Tensor& a, const at::Tensor& b) {
  return ((a - b).norm() / b.norm()).item<double>();
}

TEST_CASE("the few-shot loss is the sum of its three terms, computed token by token") {
  const TrainedModel trained;
  const at::NoGradGuard no_grad;
  const std::vector<Example> examples = choosing_examples(9);
  const FewShotLoss objective(trained.model);
  const auto [language_model, choice, unlikelihood] = explicit_terms(trained.model, examples);
  CHECK(language_model.item<double>() > 0.1);
  CHECK(choice.item<double>() > 0.1);
  CHECK(unlikelihood.item<double>() > 1e-3 - std::log(1.01));  // what it would be where every p is 0
  const double expected = (language_model + choice + unlikelihood).item<double>();
  CHECK(objective.sum(examples, all_rows(examples)).item<double>() == Approx(expected).epsilon(1e-6));
  CHECK(objective.divisor(examples) == 1);
  CHECK(mean_loss(objective, examples, 20).value() == Approx(expected).epsilon(1e-6));
}

TEST_CASE("the gradient of the few-shot loss is that of the terms computed token by token") {
  TrainedModel trained;
  const std::vector<Example> examples = choosing_examples(9);
  const FewShotLoss objective(trained.model);
  const at::Tensor found = trained.gradients_of([&] { objective.sum(examples, all_rows(examples)).backward(); });
  const auto part = [&](std::size_t term) {
    return trained.gradients_of([&] { explicit_terms(trained.model, examples)[term].backward(); });
  };
  const std::array<at::Tensor, 3> parts = {part(0), part(1), part(2)};
  const at::Tensor expected = parts[0] + parts[1] + parts[2];
  CHECK(relative_distance(found, expected) < 1e-5);
  for (const at::Tensor& one : parts) CHECK(one.norm().item<double>() > 1e-3 * expected.norm().item<double>());
}

TEST_CASE("the few-shot loss and its gradient do not depend on how a step is cut into passes") {
  TrainedModel trained;
  const std::vector<Example> examples = choosing_examples(9);
  const FewShotLoss objective(trained.model);
  double whole_loss = 0;
  const at::Tensor whole = trained.gradients_of([&] {
    const at::Tensor loss = objective.sum(examples, all_rows(examples));
    loss.backward();
    whole_loss = loss.item<double>();
  });
  for (const std::int64_t tokens : {1, 25, 60}) {
    CAPTURE(tokens);
    REQUIRE(passes_of(examples, tokens).size() > 1);
    double loss = 0;
    const at::Tensor cut = trained.gradients_of([&] {
      for (const std::vector<std::int64_t>& rows : passes_of(examples, tokens)) {
        const at::Tensor part = objective.sum(examples, rows);
        part.backward();
        loss += part.item<double>();
      }
    });
    CHECK(loss == Approx(whole_loss).epsilon(1e-6));
    CHECK(relative_distance(cut, whole) < 1e-5);
  }
}

TEST_CASE("dropout of the few-shot loss does not depend on the passes either") {
  const TrainedModel trained;
  const at::NoGradGuard no_grad;
  const std::vector<Example> examples = choosing_examples(6);
  const FewShotLoss objective(trained.model);
  const auto loss_of = [&](const std::vector<std::int64_t>& rows) {
    const Dropout dropout(0.3, 5, 2, rows);
    return objective.sum(examples, rows, &dropout).item<double>();
  };
  double sum = 0;
  for (const std::int64_t row : all_rows(examples)) sum += loss_of({row});
  CHECK(loss_of(all_rows(examples)) == Approx(sum).epsilon(1e-6));
  CHECK(sum != Approx(objective.sum(examples, all_rows(examples)).item<double>()).epsilon(1e-3));
}

TEST_CASE("without choices the few-shot loss is the cross-entropy of the targets") {
  TrainedModel trained;
  const std::vector<Example> examples = test::tiny_examples(5);
  const FewShotLoss objective(trained.model);
  const SequenceLoss plain(trained.model);
  double loss = 0, expected_loss = 0;
  const at::Tensor found = trained.gradients_of([&] {
    const at::Tensor sum = objective.sum(examples, all_rows(examples));
    sum.backward();
    loss = sum.item<double>();
  });
  const at::Tensor expected = trained.gradients_of([&] {
    const at::Tensor mean = plain.sum(examples, all_rows(examples)) / plain.divisor(examples);
    mean.backward();
    expected_loss = mean.item<double>();
  });
  CHECK(loss == Approx(expected_loss).epsilon(1e-6));
  CHECK(relative_distance(found, expected) < 1e-5);
}

/// Keeps the tasks of the last pass.
class TasksOfRows : public Adapter {
 public:
  at::Tensor apply(const at::Tensor&, const at::Tensor& y, const Pass& pass) const override {
    tasks = pass.rows.tasks;
    return y;
  }
  mutable at::Tensor tasks;
};

TEST_CASE("every choice has the task of its row") {
  T5Model model = test::tiny_model();
  const auto encoder = std::make_shared<TasksOfRows>(), decoder = std::make_shared<TasksOfRows>();
  model.groups().front()->set_adapter(encoder);
  model.groups().back()->set_adapter(decoder);
  const std::vector<Example> examples = choosing_examples(5);
  FewShotLoss(model).sum(examples, std::vector<std::int64_t>{3, 0, 1});
  REQUIRE(examples[3].choices.size() == 4);
  REQUIRE(examples[0].choices.size() == 1);
  REQUIRE(examples[1].choices.empty());
  CHECK(encoder->tasks.equal(at::tensor({3, 0, 1}, at::kLong)));
  CHECK(decoder->tasks.equal(at::tensor({3, 3, 3, 3, 0, 1}, at::kLong)));
}

}  // namespace
}  // namespace phatgoose
