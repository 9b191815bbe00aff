#include "phatgoose/eval/rank_scorer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "support/counting_adapter.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::CountingAdapter;
using test::random_ids;
using test::tiny_model;

/// One row and one choice at a time, over the whole vocabulary.
ChoiceScores score_slowly(const T5Model& model, const Question& question) {
  const at::NoGradGuard no_grad;
  ChoiceScores scores;
  for (const TokenIds& choice : question.choices) {
    const EncodedRows encoded = model.encode(pack_ids(std::vector<TokenIds>{question.input}, model.device()));
    const PackedIds inputs = pack_decoder_inputs(std::vector<TokenIds>{choice}, 0, model.device());
    const at::Tensor log_probabilities =
        model.logits(model.decode(inputs, encoded, std::vector<std::int64_t>{0})).log_softmax(-1);
    double sum = 0;
    for (std::size_t i = 0; i < choice.size(); ++i) {
      sum += log_probabilities[static_cast<std::int64_t>(i)][choice[i]].item<double>();
    }
    scores.log_likelihoods.push_back(sum);
    scores.num_tokens.push_back(static_cast<std::int64_t>(choice.size()));
  }
  return scores;
}

/// Questions of mixed lengths and numbers of choices; some ask the same input again with other or the same choices.
std::vector<Question> mixed_questions() {
  RandomStream random(5);
  std::vector<Question> questions;
  for (std::int64_t i = 0; i < 12; ++i) {
    Question question;
    question.input = i % 4 == 3 ? questions[i - 2].input : random_ids(random, 2 + random.below(40));
    for (std::uint64_t c = 0; c < 2 + random.below(4); ++c) {
      question.choices.push_back(random_ids(random, 1 + random.below(7)));
    }
    if (i % 5 == 4) question.choices.push_back(question.choices.front());
    questions.push_back(question);
  }
  questions.push_back(questions.front());
  return questions;
}

void check_close(const ChoiceScores& found, const ChoiceScores& expected) {
  CHECK(found.num_tokens == expected.num_tokens);
  REQUIRE(found.log_likelihoods.size() == expected.log_likelihoods.size());
  for (std::size_t c = 0; c < expected.log_likelihoods.size(); ++c) {
    CHECK(found.log_likelihoods[c] == Approx(expected.log_likelihoods[c]).epsilon(1e-5));
  }
}

TEST_CASE("scores of choices agree with a loop over rows and choices") {
  const T5Model model = tiny_model();
  const std::vector<Question> questions = mixed_questions();
  const std::vector<ChoiceScores> scores = score_choices(model, questions);
  REQUIRE(scores.size() == questions.size());
  for (std::size_t q = 0; q < questions.size(); ++q) check_close(scores[q], score_slowly(model, questions[q]));
}

TEST_CASE("scores of choices depend neither on the size of passes nor on the order of questions") {
  const T5Model model = tiny_model();
  std::vector<Question> questions = mixed_questions();
  const std::vector<ChoiceScores> scores = score_choices(model, questions);
  for (const std::int64_t tokens : {1, 13, 60}) {
    const std::vector<ChoiceScores> again = score_choices(model, questions, {.tokens = tokens});
    for (std::size_t q = 0; q < questions.size(); ++q) check_close(again[q], scores[q]);
  }
  std::reverse(questions.begin(), questions.end());
  const std::vector<ChoiceScores> reversed = score_choices(model, questions);
  for (std::size_t q = 0; q < questions.size(); ++q) check_close(reversed[q], scores[questions.size() - 1 - q]);
}

TEST_CASE("equal choices and equal questions get equal scores to the bit") {
  const T5Model model = tiny_model();
  const std::vector<Question> questions = mixed_questions();
  const std::vector<ChoiceScores> scores = score_choices(model, questions, {.tokens = 30});
  CHECK(scores.front().log_likelihoods == scores.back().log_likelihoods);
  CHECK(scores[4].log_likelihoods.front() == scores[4].log_likelihoods.back());
}

TEST_CASE("a distinct input is encoded once and a distinct choice of it decoded once") {
  T5Model model = tiny_model();
  std::int64_t encoded = 0, decoded = 0;
  model.groups().front()->set_adapter(std::make_shared<CountingAdapter>(&encoded));  // first encoder layer
  model.groups().back()->set_adapter(std::make_shared<CountingAdapter>(&decoded));   // last decoder layer
  const Question question{.input = {5, 6, 7, 1}, .choices = {{8, 1}, {9, 10, 1}, {8, 1}}};
  const Question other{.input = {5, 6, 7, 1}, .choices = {{9, 10, 1}, {11, 1}}};
  score_choices(model, std::vector{question, other, question});
  CHECK(encoded == 4);
  CHECK(decoded == 2 + 3 + 2);
}

TEST_CASE("the questions of one pass have the same scores by themselves, to the bit") {
  const T5Model model = tiny_model();
  std::vector<Question> questions = mixed_questions();
  questions.push_back(questions.front());  // a question that is asked twice is in the pass of its input
  const ScoringPasses passes{.tokens = 50};
  const std::vector<ChoiceScores> all = score_choices(model, questions, passes);
  const auto numbers = question_passes(questions, passes.tokens);
  REQUIRE(numbers.size() > 1);
  std::vector<bool> seen(questions.size());
  for (const std::vector<std::int64_t>& pass : numbers) {
    std::vector<Question> asked;
    for (const std::int64_t number : pass) asked.push_back(questions[number]);
    const std::vector<ChoiceScores> alone = score_choices(model, asked, passes);
    for (std::size_t i = 0; i < pass.size(); ++i) {
      CHECK_FALSE(seen[pass[i]]);
      seen[pass[i]] = true;
      CHECK(alone[i].log_likelihoods == all[pass[i]].log_likelihoods);
    }
  }
  CHECK(std::ranges::count(seen, true) == std::ssize(questions));
  CHECK(question_passes({}, 50).empty());
  CHECK(score_choices(model, {}).empty());
}

}  // namespace
}  // namespace phatgoose
