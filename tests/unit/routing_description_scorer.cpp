// GLIDER's global scores against a loop over experts, and the rule of alpha at its ends.
#include "phatgoose/routing/description_scorer.h"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>

#include "support/fails_with.h"
#include "support/router_experts.h"

namespace phatgoose {
namespace {

using test::random_unit_rows;

std::vector<StoredEmbeddings> described(const std::vector<at::Tensor>& rows) {
  std::vector<StoredEmbeddings> experts;
  for (const at::Tensor& row : rows) experts.push_back({to_named("e", row).view, "tiny", "f", nullptr});
  return experts;
}

std::vector<at::Tensor> random_descriptions(std::int64_t experts, std::int64_t size) {
  std::vector<at::Tensor> rows;
  for (std::int64_t e = 0; e < experts; ++e) rows.push_back(random_unit_rows(1, size));
  return rows;
}

double cosine(const at::Tensor& a, const at::Tensor& b) {
  return a.to(at::kDouble).flatten().dot(b.to(at::kDouble).flatten()).item<double>();
}

TEST_CASE("a description's score is alpha times its cosine") {
  at::manual_seed(3);
  const std::vector<at::Tensor> experts = random_descriptions(5, 24);
  const at::Tensor queries = random_unit_rows(7, 24);
  const double alpha = GENERATE(0.0, 0.5, 3.0, 100.0);
  const DescriptionScorer scorer(described(experts), {alpha});
  for (const std::int64_t excluded : {-1, 2}) {
    CAPTURE(alpha, excluded);
    const at::Tensor scores = scorer.scores(queries, excluded);
    REQUIRE(scores.sizes() == at::IntArrayRef({7, 5}));
    for (std::int64_t q = 0; q < 7; ++q) {
      for (std::int64_t e = 0; e < 5; ++e) {
        const auto score = scores[q][e].item<double>();
        if (e == excluded) {
          CHECK(std::isinf(score));
        } else {
          CHECK(std::abs(score - alpha * cosine(queries[q], experts[e])) <= 1e-6 * std::max(1.0, alpha));
        }
      }
    }
  }
}

TEST_CASE("auto is the released value for known tasks at one end, and that for unknown ones at the other") {
  CHECK(DescriptionScorer::automatic_alpha(1.0, 0.4) == Approx(kHeldInAlpha));
  CHECK(DescriptionScorer::automatic_alpha(0.4, 0.4) == Approx(kHeldOutAlpha));
  CHECK(DescriptionScorer::automatic_alpha(-0.2, 0.4) == Approx(kHeldOutAlpha));
  CHECK(DescriptionScorer::automatic_alpha(0.7, 0.4) == Approx(std::sqrt(kHeldInAlpha * kHeldOutAlpha)));
  CHECK(DescriptionScorer::automatic_alpha(1.0, 1.0) == kHeldOutAlpha);  // experts that descriptions do not tell apart

  // Three directions in the plane: 0, 60 and 90 degrees, so that the nearest are at 60, 30 and 30.
  const auto direction = [](double degrees) {
    const double angle = degrees * std::acos(-1.0) / 180;
    return at::tensor({static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))}).view({1, 2});
  };
  const std::vector<at::Tensor> experts = {direction(0), direction(60), direction(90)};
  const double usual = (0.5 + 2 * std::sqrt(0.75)) / 3;
  const DescriptionScorer scorer(described(experts), Alpha{});
  const at::Tensor known = scorer.scores(direction(60), -1), between = scorer.scores(direction(20), -1),
                   foreign = scorer.scores(direction(-60), -1);
  CHECK(known[0][1].item<double>() == Approx(100).epsilon(1e-5));
  CHECK(foreign[0][0].item<double>() == Approx(3 * 0.5).epsilon(1e-5));
  const double best = std::cos(20 * std::acos(-1.0) / 180);
  const double alpha = DescriptionScorer::automatic_alpha(best, usual);
  CHECK((alpha > 3 && alpha < 100));
  CHECK(between[0][0].item<double>() == Approx(alpha * best).epsilon(1e-5));

  // Without the second expert the others are at right angles.
  const at::Tensor without = scorer.scores(direction(60), 1);
  CHECK(std::isinf(without[0][1].item<double>()));
  CHECK(without[0][2].item<double>() ==
        Approx(DescriptionScorer::automatic_alpha(std::sqrt(0.75), 0) * std::sqrt(0.75)).epsilon(1e-5));
}

TEST_CASE("an expert that is alone is no more known than others") {
  const std::vector<at::Tensor> one = random_descriptions(1, 4);
  const DescriptionScorer scorer(described(one), Alpha{});
  CHECK(scorer.scores(one[0], -1)[0][0].item<double>() == Approx(kHeldOutAlpha));
}

TEST_CASE("alpha is a number or auto") {
  CHECK(parse_alpha("auto").is_auto());
  CHECK(parse_alpha("0").value == 0.0);
  CHECK(parse_alpha("2.5").value == 2.5);
  for (const char* text : {"", "-1", "nan", "inf", "3x", "Auto", " 3"}) {
    CAPTURE(text);
    CHECK_THROWS_MATCHES(parse_alpha(text), Error, test::FailsWith(ExitCode::usage, "--global-alpha", "or auto"));
  }
}

}  // namespace
}  // namespace phatgoose
