#include "phatgoose/train/few_shot_terms.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace phatgoose {
namespace {

/// Two rows with choices and one without.
std::vector<Example> few_examples() {
  Example first{{5, 1}, {7, 8, 1}}, second{{5, 1}, {6, 1}}, third{{5, 1}, {9, 9, 9, 1}};
  first.choices = {{4, 1}, {7, 8, 1}, {6, 6, 6, 1}};
  first.right = 1;
  second.choices = {{6, 1}, {5, 5, 1}};
  second.right = 0;
  return {first, second, third};
}

FewShotTerms terms_of(const Example& example, const FewShotCounts& counts, const std::vector<float>& log_likelihoods,
                      std::vector<float>* derivatives = nullptr) {
  std::vector<float> own(log_likelihoods.size(), 99.0F);
  const FewShotTerms terms = few_shot_terms(example, counts, log_likelihoods, own);
  if (derivatives != nullptr) *derivatives = own;
  return terms;
}

const std::vector<float> kFirst = {-1.5F, -0.25F, -2.0F, -0.5F, -0.125F, -3.0F, -0.01F, -1.0F, -0.75F};
const std::vector<float> kSecond = {-0.5F, -1.0F, -2.0F, -0.001F, -0.5F};
const std::vector<float> kThird = {-1.0F, -2.0F, -3.0F, -4.0F};

TEST_CASE("the counts of a step are over right tokens, rows with choices and wrong tokens") {
  const FewShotCounts counts = FewShotCounts::of(few_examples());
  CHECK(counts.right_tokens == 3 + 2 + 4);
  CHECK(counts.choosing_rows == 2);
  CHECK(counts.wrong_tokens == 2 + 4 + 3);
  CHECK(FewShotCounts::of({}).right_tokens == 0);
}

TEST_CASE("the language model's term is the mean over the right choices' tokens") {
  const auto examples = few_examples();
  const FewShotCounts counts = FewShotCounts::of(examples);
  CHECK(terms_of(examples[0], counts, kFirst).language_model == Approx((2.0 + 0.5 + 0.125) / 9));
  CHECK(terms_of(examples[1], counts, kSecond).language_model == Approx((0.5 + 1.0) / 9));
  CHECK(terms_of(examples[2], counts, kThird).language_model == Approx(10.0 / 9));
}

TEST_CASE("the choice's term is the cross-entropy of the choices' mean log-likelihoods") {
  const auto examples = few_examples();
  const FewShotCounts counts = FewShotCounts::of(examples);
  const double wrong = -1.75 / 2, right = -2.625 / 3, other = -4.76 / 4;
  const double all = std::exp(wrong) + std::exp(right) + std::exp(other);
  CHECK(terms_of(examples[0], counts, kFirst).choice == Approx(-std::log(std::exp(right) / all) / 2).epsilon(1e-6));
  CHECK(terms_of(examples[2], counts, kThird).choice == 0);
}

TEST_CASE("the unlikelihood's term is the mean over the wrong choices' tokens") {
  const auto examples = few_examples();
  const FewShotCounts counts = FewShotCounts::of(examples);
  const auto cost = [](double log_likelihood) { return -std::log(1 - std::exp(log_likelihood) + 0.01); };
  const double first = cost(-1.5) + cost(-0.25) + cost(-3) + cost(-0.01) + cost(-1) + cost(-0.75);
  CHECK(terms_of(examples[0], counts, kFirst).unlikelihood == Approx(first / 9).epsilon(1e-6));
  CHECK(terms_of(examples[1], counts, kSecond).unlikelihood ==
        Approx((cost(-2) + cost(-0.001) + cost(-0.5)) / 9).epsilon(1e-6));
  CHECK(terms_of(examples[2], counts, kThird).unlikelihood == 0);
}

TEST_CASE("the derivatives of the terms are those of finite differences") {
  const auto examples = few_examples();
  const FewShotCounts counts = FewShotCounts::of(examples);
  const std::vector<std::vector<float>> log_likelihoods = {kFirst, kSecond, kThird};
  for (std::size_t row = 0; row < examples.size(); ++row) {
    std::vector<float> derivatives;
    terms_of(examples[row], counts, log_likelihoods[row], &derivatives);
    for (std::size_t i = 0; i < derivatives.size(); ++i) {
      CAPTURE(row, i);
      constexpr float kStep = 1.0F / 16384;
      std::vector<float> above = log_likelihoods[row], below = log_likelihoods[row];
      above[i] += kStep;
      below[i] -= kStep;
      const double width = static_cast<double>(above[i]) - static_cast<double>(below[i]);
      const double slope =
          (terms_of(examples[row], counts, above).sum() - terms_of(examples[row], counts, below).sum()) / width;
      CHECK(derivatives[i] == Approx(slope).epsilon(1e-4));
    }
  }
}

TEST_CASE("a single choice is always chosen, and has no wrong ones") {
  Example example{{5, 1}, {7, 1}};
  example.choices = {{7, 1}};
  const FewShotCounts counts = FewShotCounts::of(std::vector{example});
  std::vector<float> derivatives;
  const FewShotTerms terms = terms_of(example, counts, {-1.0F, -2.0F}, &derivatives);
  CHECK(terms.language_model == Approx(1.5));
  CHECK(terms.choice == Approx(0).margin(1e-12));
  CHECK(terms.unlikelihood == 0);
  CHECK(derivatives == std::vector<float>{-0.5F, -0.5F});
}

TEST_CASE("a model that is sure leaves the terms finite") {
  const auto examples = few_examples();
  const FewShotCounts counts = FewShotCounts::of(examples);
  std::vector<float> derivatives;
  const std::vector<float> sure = {0.0F, 0.0F, -200.0F, -200.0F, -200.0F, 0.0F, 0.0F, 0.0F, 0.0F};
  const FewShotTerms terms = terms_of(examples[0], counts, sure, &derivatives);
  CHECK(terms.choice == Approx((200 + std::log(2)) / 2));
  CHECK(terms.unlikelihood == Approx(-6 * std::log(0.01) / 9));
  for (const float derivative : derivatives) CHECK(std::isfinite(derivative));
}

}  // namespace
}  // namespace phatgoose
