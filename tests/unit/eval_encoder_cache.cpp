// Encoder states that are computed once for several methods: as often as needed, and to the bit what each computes
// alone.
#include "phatgoose/eval/encoder_cache.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <catch2/catch.hpp>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/eval/generation.h"
#include "phatgoose/eval/rank_scorer.h"
#include "support/counting_adapter.h"
#include "support/tiny_t5.h"

namespace phatgoose {
namespace {

using test::CountingAdapter;
using test::random_ids;

constexpr std::int64_t kPlenty = 1 << 20;

/// A model whose encoder counts its passes.
class CountedModel {
 public:
  CountedModel() { model.groups().front()->set_adapter(std::make_shared<CountingAdapter>(&tokens_, &passes)); }

  /// Puts random factors on every linear of the decoder, or takes all off it.
  void adapt_decoder(std::optional<std::uint64_t> seed) {
    const at::NoGradGuard no_grad;
    const auto groups = linear_groups(model.config());
    const ExpertParameters expert = ExpertParameters::initial(groups, 2, seed.value_or(0), at::kCPU);
    for (const auto& group : expert.groups()) group->b.normal_(0, 0.5);
    const std::shared_ptr<const Adapter> counter = model.groups().front()->adapter();
    model.remove_adapters();
    if (seed) expert.attach(model);
    for (const auto& group : model.groups()) {
      if (group->spec().linears.front().path.starts_with("encoder.")) group->set_adapter(nullptr);
    }
    model.groups().front()->set_adapter(counter);
  }

  T5Model model = test::tiny_model();
  std::int64_t passes = 0;

 private:
  std::int64_t tokens_ = 0;
};

std::vector<Question> questions_of(int count) {
  RandomStream random(5);
  std::vector<Question> questions;
  for (int i = 0; i < count; ++i) {
    questions.push_back({random_ids(random, 3 + random.below(20)), {}});
    for (int c = 0; c < 3; ++c) questions.back().choices.push_back(random_ids(random, 1 + random.below(5)));
  }
  return questions;
}

std::vector<std::vector<double>> scores_of(const T5Model& model, const std::vector<Question>& questions,
                                           EncoderCache* encoder) {
  std::vector<std::vector<double>> scores;
  const ScoringPasses passes{.tokens = 40, .encoder = encoder};
  for (const ChoiceScores& score : score_choices(model, questions, passes)) {
    scores.push_back(score.log_likelihoods);
  }
  return scores;
}

PackedIds pack_inputs(const std::vector<Question>& questions) {
  std::vector<TokenIds> rows;
  for (const Question& question : questions) rows.push_back(question.input);
  return pack_ids(rows, at::kCPU);
}

TEST_CASE("methods that leave the encoder as it is share its passes, with the scores and texts of each alone") {
  CountedModel counted;
  const std::vector<Question> questions = questions_of(9);
  const PackedIds inputs = pack_inputs(questions);
  EncoderCache cache(kPlenty);
  std::int64_t batches = 0;
  std::vector<std::vector<std::vector<double>>> seen;
  for (const std::optional<std::uint64_t> seed :
       {std::optional<std::uint64_t>(), std::optional<std::uint64_t>(1), std::optional<std::uint64_t>(2)}) {
    counted.adapt_decoder(seed);
    counted.passes = 0;
    const auto alone = scores_of(counted.model, questions, nullptr);
    const auto written = generate_greedy(counted.model, inputs, 6);
    if (!seed) batches = counted.passes;
    CHECK(counted.passes == batches);
    counted.passes = 0;
    CHECK(scores_of(counted.model, questions, &cache) == alone);
    CHECK(generate_greedy(counted.model, inputs, 6, &cache) == written);
    CHECK(counted.passes == (seed ? 0 : batches));
    seen.push_back(alone);
  }
  CHECK(batches > 3);
  CHECK(seen[0] != seen[1]);
  CHECK(seen[1] != seen[2]);
  CHECK(cache.computed() == batches);
  CHECK(cache.reused() == 2 * batches);
}

TEST_CASE("an input that is scored with several choices is encoded once, with a cache or without") {
  CountedModel counted;
  std::vector<Question> questions = questions_of(1);
  EncoderCache cache(kPlenty);
  scores_of(counted.model, questions, nullptr);
  CHECK(counted.passes == 1);
  scores_of(counted.model, questions, &cache);
  CHECK(counted.passes == 2);
}

TEST_CASE("encoder states beyond the limit are computed again, and the first ones are kept") {
  CountedModel counted;
  std::vector<PackedIds> batches;
  for (const TokenIds& row : {TokenIds{5, 6, 1}, TokenIds{7, 8, 1}, TokenIds{9, 10, 1}}) {
    batches.push_back(pack_ids(std::vector<TokenIds>{row}, at::kCPU));
  }
  const at::NoGradGuard no_grad;
  const std::int64_t one = 3 * counted.model.config().d_model * 4 + (1 + 1 + 3) * 8;  // states, then the key
  EncoderCache cache(2 * one);
  for (int round = 0; round < 3; ++round) {
    for (const PackedIds& batch : batches) {
      CHECK(cache.states(counted.model, batch).equal(counted.model.encode_states(batch)));
    }
  }
  CHECK(cache.computed() == 3 + 1 + 1);
  CHECK(cache.reused() == 2 + 2);
}

TEST_CASE("batches of the same tokens in other rows are told apart") {
  const CountedModel counted;
  const at::NoGradGuard no_grad;
  EncoderCache cache(kPlenty);
  for (const std::vector<TokenIds>& rows : {std::vector<TokenIds>{{5, 6}, {7}}, std::vector<TokenIds>{{5}, {6, 7}},
                                            std::vector<TokenIds>{{5, 6, 7}}, std::vector<TokenIds>{{5}, {6}, {7}}}) {
    const PackedIds batch = pack_ids(rows, at::kCPU);
    CHECK(cache.states(counted.model, batch).equal(counted.model.encode_states(batch)));
  }
  CHECK(cache.reused() == 0);
}

}  // namespace
}  // namespace phatgoose
