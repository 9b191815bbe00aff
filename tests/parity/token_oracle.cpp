// The router token-oracle against a loop over tokens, each with the LoRA of the one expert that is named for it.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include <algorithm>

#include "golden.h"
#include "golden_experts.h"
#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/random.h"
#include "phatgoose/eval/rank_scorer.h"
#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/routing/routed_model.h"

namespace phatgoose::parity {
namespace {

/// One group's experts, token by token in fp64. It knows the experts of the tokens that it will see, one after another.
class NamedExperts : public Adapter {
 public:
  NamedExperts(LinearGroupSpec group, const std::vector<ExpertDirectory>& experts, const ExpertNumbers& names)
      : group_(std::move(group)), experts_(experts), names_(names) {}

  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass&) const override {
    REQUIRE(u.size(0) == std::ssize(names_));
    for (std::int64_t token = 0; token < u.size(0); ++token) {
      std::int64_t column = 0;
      for (const LinearSpec& linear : group_.linears) {
        const auto& loras = experts_[names_[token]].loras();
        if (const auto found = loras.find(linear.path); found != loras.end()) {
          const LoraEntry& lora = found->second;
          const auto a = to_tensor(lora.a, at::kCPU, at::kDouble), b = to_tensor(lora.b, at::kCPU, at::kDouble);
          y[token].narrow(0, column, linear.out) += lora.scale * b.mv(a.mv(u[token].to(at::kDouble)));
        }
        column += linear.out;
      }
    }
    return y;
  }

 private:
  LinearGroupSpec group_;
  const std::vector<ExpertDirectory>& experts_;
  const ExpertNumbers& names_;
};

/// What reads the encoder's tokens: its own linears, and keys and values of cross-attention.
bool reads_input(const LinearGroupSpec& group) {
  const std::string& path = group.linears.front().path;
  return path.starts_with("encoder.") || path.ends_with("EncDecAttention.k");
}

/// One question and one choice at a time.
std::vector<std::vector<double>> by_loop(T5Model& model, const std::vector<ExpertDirectory>& experts,
                                         const std::vector<Question>& questions) {
  const at::NoGradGuard no_gradients;
  ExpertNumbers input, choice;
  for (const auto& group : model.groups()) {
    const ExpertNumbers& names = reads_input(group->spec()) ? input : choice;
    group->set_adapter(std::make_shared<NamedExperts>(group->spec(), experts, names));
  }
  std::vector<std::vector<double>> sums;
  for (const Question& question : questions) {
    auto& row = sums.emplace_back();
    for (std::size_t c = 0; c < question.choices.size(); ++c) {
      const TokenIds& target = question.choices[c];
      input = question.input_experts;
      choice = question.choices_experts[c];
      const EncodedRows encoded = model.encode(pack_ids(std::vector<TokenIds>{question.input}, at::kCPU));
      const auto inputs = pack_decoder_inputs(std::vector<TokenIds>{target}, 0, at::kCPU);
      const at::Tensor states = model.decode(inputs, encoded, std::vector<std::int64_t>{0});
      const at::Tensor logs = model.logits(states).log_softmax(-1);  // [T, V]
      row.push_back(0);
      for (std::int64_t t = 0; t < std::ssize(target); ++t) row.back() += logs[t][target[t]].item<double>();
    }
  }
  model.remove_adapters();
  return sums;
}

/// Every source of a golden file asked three times with the same choices: the second time with other experts, the third
/// with other experts of the choices only.
std::vector<Question> labelled_questions(const std::function<std::int32_t()>& next_expert) {
  const Golden golden("phatgoose_routed");
  const auto named = [&](const TokenIds& ids) {
    ExpertNumbers experts(ids.size());
    std::ranges::generate(experts, next_expert);
    return experts;
  };
  std::vector<Question> questions;
  for (const auto& source : golden.rows("sources")) {
    for (int time = 0; time < 3; ++time) {
      Question question{.input = source, .choices = golden.rows("targets")};
      question.input_experts = time == 2 ? questions.back().input_experts : named(source);
      for (const auto& choice : question.choices) question.choices_experts.push_back(named(choice));
      questions.push_back(std::move(question));
    }
  }
  return questions;
}

std::vector<Question> mixed_questions(std::int32_t experts) {
  RandomStream random(11);
  return labelled_questions([&] { return static_cast<std::int32_t>(random.below(experts)); });
}

void check_close(const std::vector<ChoiceScores>& found, const std::vector<std::vector<double>>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t q = 0; q < found.size(); ++q) {
    REQUIRE(found[q].log_likelihoods.size() == expected[q].size());
    for (std::size_t c = 0; c < expected[q].size(); ++c) {
      CAPTURE(q, c);
      CHECK(found[q].log_likelihoods[c] == Approx(expected[q][c]).epsilon(kTolerance));
    }
  }
}

std::vector<std::vector<double>> sums_of(const std::vector<ChoiceScores>& scores) {
  std::vector<std::vector<double>> sums;
  for (const auto& score : scores) sums.push_back(score.log_likelihoods);
  return sums;
}

}  // namespace

TEST_CASE("The token oracle is a loop over tokens, each with the expert that is named for it", "[routers]") {
  auto model = load_model("t5_v1_1");
  const auto experts = all_golden_experts();
  auto questions = mixed_questions(5);
  const auto expected = by_loop(model, experts, questions);
  const RoutedModel routed(model, experts, {.router = "token-oracle"});
  check_close(score_choices(model, questions), expected);
  for (std::size_t q = 0; q < questions.size(); q += 3) {
    CHECK(std::abs(expected[q][0] - expected[q + 1][0]) > 1e-2);  // same ids, other experts
    CHECK(std::abs(expected[q + 1][0] - expected[q + 2][0]) > 1e-2);
  }

  // One place to the side, the experts of positions that read a token and not of those that predict it, is told apart.
  for (Question& question : questions) {
    std::ranges::rotate(question.choices_experts[0], question.choices_experts[0].begin() + 1);
  }
  const auto shifted = score_choices(model, questions);
  CHECK(std::abs(shifted[0].log_likelihoods[0] - expected[0][0]) > 1e-2);
}

TEST_CASE("A row that names one expert for everything is that expert alone", "[routers]") {
  auto model = load_model("t5_v1_1");
  const auto experts = all_golden_experts();
  const std::int32_t only = GENERATE(0, 1, 2, 3, 4);
  CAPTURE(experts[only].name());
  const auto questions = labelled_questions([&] { return only; });
  std::vector<ChoiceScores> found;
  {
    const RoutedModel routed(model, experts, {.router = "token-oracle"});
    found = score_choices(model, questions);
    model.remove_adapters();
  }
  const auto base = sums_of(score_choices(model, questions));
  ExpertParameters::load(experts[only], linear_groups(model.config()), at::kCPU).attach(model);
  const auto alone = sums_of(score_choices(model, questions));
  check_close(found, alone);
  CHECK(std::abs(alone[0][0] - base[0][0]) > 1e-3);
}

TEST_CASE("The token oracle depends neither on the size of passes nor on the order of questions", "[invariance]") {
  auto model = load_model("t5_v1_1");
  const RoutedModel routed(model, all_golden_experts(), {.router = "token-oracle"});
  auto questions = mixed_questions(5);
  auto expected = sums_of(score_choices(model, questions));
  for (const std::int64_t tokens : {1, 13, 60}) {
    check_close(score_choices(model, questions, {.tokens = tokens}), expected);
  }
  std::ranges::reverse(questions);
  std::ranges::reverse(expected);
  check_close(score_choices(model, questions), expected);
  for (std::size_t q = 0; q < questions.size(); ++q) {
    check_close(score_choices(model, std::span(questions).subspan(q, 1)), {expected[q]});
  }
}

}  // namespace phatgoose::parity
