// Clusters and their agreement against scikit-learn 1.9 and scipy 1.17.
#include "phatgoose/report/clustering.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "phatgoose/report/permutation_test.h"

namespace phatgoose {
namespace {

using Labels = std::vector<std::int64_t>;

/// Nine points, and the distances of every two.
const std::vector<std::vector<double>> kPoints = {{0.55, 0.71, 0.29}, {0.51, 0.89, 0.9},  {0.13, 0.21, 0.05},
                                                  {0.44, 0.03, 0.46}, {0.65, 0.28, 0.68}, {0.59, 0.02, 0.56},
                                                  {0.26, 0.42, 0.28}, {0.69, 0.44, 0.16}, {0.54, 0.78, 0.31}};
const std::vector<std::vector<double>> kOtherPoints = {{0.22, 0.39}, {0.94, 0.98}, {0.67, 0.9},
                                                       {0.85, 0.38}, {0.09, 0.65}, {0.56, 0.36},
                                                       {0.23, 0.41}, {0.47, 0.27}, {0.29, 0.46}};

std::vector<double> distances_of(const std::vector<std::vector<double>>& points) {
  std::vector<double> distances;
  for (const auto& x : points) {
    for (const auto& y : points) {
      double squares = 0;
      for (std::size_t i = 0; i < x.size(); ++i) squares += (x[i] - y[i]) * (x[i] - y[i]);
      distances.push_back(std::sqrt(squares));
    }
  }
  return distances;
}

}  // namespace

TEST_CASE("average linkage joins what scipy joins") {
  const std::vector<double> distances = distances_of(kPoints);
  CHECK(average_linkage(distances, 2) == Labels{0, 1, 0, 0, 0, 0, 0, 0, 0});
  CHECK(average_linkage(distances, 3) == Labels{0, 1, 0, 2, 2, 2, 0, 0, 0});
  CHECK(average_linkage(distances, 4) == Labels{0, 1, 2, 3, 3, 3, 2, 0, 0});
  CHECK(average_linkage(distances, 9) == Labels{0, 1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(average_linkage(distances, 1) == Labels(9));
  const std::vector<double> equal = {0, 1, 1, 1, 0, 1, 1, 1, 0};
  CHECK(average_linkage(equal, 2) == Labels{0, 0, 1});  // the first of equal pairs
}

TEST_CASE("the adjusted Rand index is that of scikit-learn") {
  CHECK(adjusted_rand_index(Labels{0, 0, 0, 1, 1, 1, 2, 2, 2, 2}, Labels{0, 0, 1, 1, 1, 2, 2, 2, 2, 0}) ==
        Approx(0.20454545454545456).epsilon(1e-14));
  CHECK(adjusted_rand_index(Labels{0, 1, 0, 1}, Labels{0, 0, 1, 1}) == Approx(-0.5).epsilon(1e-14));
  CHECK(adjusted_rand_index(Labels{0, 0, 1, 1}, Labels{7, 7, 3, 3}) == 1);
  CHECK(adjusted_rand_index(Labels{0, 0, 0}, Labels{1, 1, 1}) == 1);
  CHECK(adjusted_rand_index(Labels{0, 1, 2}, Labels{2, 1, 0}) == 1);
  CHECK(adjusted_rand_index(Labels{0, 0, 0, 0}, Labels{0, 0, 1, 1}) == 0);
}

TEST_CASE("the correlation over pairs is that of scipy") {
  const std::vector<double> x = distances_of(kPoints), y = distances_of(kOtherPoints);
  const Labels order = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  const auto found = pair_correlation(x, y, order);
  REQUIRE(found);
  CHECK(*found == Approx(0.35692497491060227).epsilon(1e-12));
  CHECK_FALSE(pair_correlation(x, std::vector<double>(81, 0.1), order));
  // Both permuted alike: the same pairs.
  const Labels turned = {3, 0, 8, 1, 2, 7, 6, 5, 4};
  std::vector<double> turned_x;
  for (const std::int64_t i : turned) {
    for (const std::int64_t j : turned) turned_x.push_back(x[static_cast<std::size_t>(i * 9 + j)]);
  }
  CHECK(*pair_correlation(turned_x, y, turned) == Approx(*found).epsilon(1e-12));
}

TEST_CASE("a permutation test finds the share of all orders that an enumeration finds") {
  const Labels clusters = {0, 0, 1, 1, 2, 2}, categories = {0, 0, 1, 1, 2, 1};
  const auto statistic = [&](std::span<const std::int64_t> order) {
    Labels permuted;
    for (const std::int64_t item : order) permuted.push_back(categories[static_cast<std::size_t>(item)]);
    return adjusted_rand_index(clusters, permuted);
  };
  Labels order = {0, 1, 2, 3, 4, 5};
  const double observed = statistic(order);
  double as_large = 0, all = 0;
  do {
    ++all;
    if (statistic(order) >= observed - 1e-12) ++as_large;
  } while (std::ranges::next_permutation(order).found);
  REQUIRE(all == 720);
  const double exact = as_large / all;
  constexpr std::int64_t kDraws = 20'000;
  const double p = permutation_p(observed, 6, statistic, {.permutations = kDraws, .seed = 3});
  CHECK(std::abs(p - exact) < 4 * std::sqrt(exact * (1 - exact) / kDraws) + 1.0 / kDraws);
  CHECK(p == permutation_p(observed, 6, statistic, {.permutations = kDraws, .seed = 3}));
  CHECK(p != permutation_p(observed, 6, statistic, {.permutations = kDraws, .seed = 4}));
  CHECK(permutation_p(2, 6, statistic, {.permutations = 99, .seed = 0}) == Approx(0.01));  // none is as large
}

}  // namespace phatgoose
