// Principal components against numbers of scikit-learn 1.9, and against their definition.
#include "phatgoose/embed/principal_components.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

constexpr std::int64_t kRows = 5, kSize = 7;
const std::vector<double> kVectors = {0.25, 1.06, -0.99, -0.97, -1.42, -0.22, 0.07,  -1.43, -0.03, -0.87, 1.39, -0.92,
                                      0.84, 1.09, -0.99, 1.48,  -1.21, 1.27,  -1.82, 0.76,  -0.7,  -0.09, 0.75, -1.05,
                                      1.3,  0.88, 2.46,  -0.63, -0.44, -0.38, -1.33, 0.23,  0.12,  0.3,   1.82};

std::span<const double> row(std::span<const double> matrix, std::int64_t i, std::int64_t size) {
  return matrix.subspan(static_cast<std::size_t>(i * size), static_cast<std::size_t>(size));
}

double dot(std::span<const double> x, std::span<const double> y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

}  // namespace

TEST_CASE("principal components are those of scikit-learn, and their largest elements positive") {
  const PrincipalComponents found = principal_components(kVectors, kRows, 128);
  REQUIRE(found.dimension == 4);
  const std::vector<double> mean = {-0.54, 0.576, -1.09, 0.644, -0.632, 0.828, 0.33};
  const std::vector<double> first = {-0.059345320132835805, 0.022085930053873697, 0.00859456886735048,
                                     0.5190068240973472,    0.4634585450159224,   0.6491412083091338,
                                     -0.30061647214522175};
  const std::vector<double> last = {-0.10222774370531075, -0.2736908395539796, 0.8264502953463266,  -0.2810373217418296,
                                    -0.1985827482838659,  0.3329032428311731,  -0.04879619726806543};
  for (std::size_t i = 0; i < kSize; ++i) {
    CHECK(found.mean[i] == Approx(mean[i]).margin(1e-14));
    CHECK(found.components[i] == Approx(first[i]).margin(1e-12));
    CHECK(found.components[3 * kSize + i] == Approx(last[i]).margin(1e-12));
  }
  const std::vector<float> mean_stored(found.mean.begin(), found.mean.end()),
      components(found.components.begin(), found.components.end());
  const std::vector<float> vector = reduced(row(kVectors, 1, kSize), mean_stored, components);
  const std::vector<double> expected = {0.07434827193776991, 0.7477745646662602, -1.3402174543076553,
                                        0.25310612412022304};
  REQUIRE(vector.size() == 4);
  for (std::size_t d = 0; d < 4; ++d) CHECK(vector[d] == Approx(expected[d]).margin(1e-6));
}

TEST_CASE("principal components are orthonormal, and as many as asked for") {
  const PrincipalComponents found = principal_components(kVectors, kRows, 2);
  REQUIRE(found.dimension == 2);
  CHECK(found.components.size() == 2 * kSize);
  const auto first = row(found.components, 0, kSize), second = row(found.components, 1, kSize);
  CHECK(dot(first, first) == Approx(1).epsilon(1e-13));
  CHECK(dot(second, second) == Approx(1).epsilon(1e-13));
  CHECK(std::abs(dot(first, second)) < 1e-13);
}

TEST_CASE("directions in which nothing differs are no components") {
  std::vector<double> vectors;
  for (const double along : {-1.0, 0.5, 3.0, 3.0}) {
    for (int i = 0; i < 6; ++i) vectors.push_back(0.1 * i + along * (i == 2 ? 1.0 / 3 : 0));
  }
  const PrincipalComponents line = principal_components(vectors, 4, 3);
  CHECK(line.dimension == 1);
  CHECK(line.components[2] == Approx(1).epsilon(1e-12));
  const std::vector<double> alike(18, 0.1);
  CHECK(principal_components(alike, 3, 2).dimension == 0);
}

TEST_CASE("eigenpairs of a symmetric matrix solve its equation") {
  constexpr std::int64_t kMatrix = 40;
  RandomStream random(7);
  std::vector<double> matrix(kMatrix * kMatrix);
  for (std::int64_t i = 0; i < kMatrix; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) matrix[i * kMatrix + j] = matrix[j * kMatrix + i] = random.normal();
  }
  const Eigenpairs pairs = symmetric_eigenpairs(matrix, kMatrix);
  REQUIRE(pairs.values.size() == kMatrix);
  double worst = 0;
  for (std::int64_t k = 0; k < kMatrix; ++k) {
    const auto vector = row(pairs.vectors, k, kMatrix);
    for (std::int64_t i = 0; i < kMatrix; ++i) {
      worst = std::max(worst, std::abs(dot(row(matrix, i, kMatrix), vector) - pairs.values[k] * vector[i]));
    }
    worst = std::max(worst, std::abs(dot(vector, vector) - 1));
    if (k > 0) CHECK(pairs.values[k] <= pairs.values[k - 1]);
  }
  CHECK(worst < 1e-12);
}

}  // namespace phatgoose
