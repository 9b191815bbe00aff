// Whether two things that are known of the same items have to do with each other, tested by permuting the items of one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

namespace phatgoose {

struct PermutationTest {
  std::int64_t permutations;
  std::uint64_t seed;
};

/// A statistic, large where the two agree, with item i of the one beside item order[i] of the other.
using PermutedStatistic = std::function<double(std::span<const std::int64_t> order)>;

/// The one-sided p-value of `observed`: (1 + the number of drawn orders whose statistic is not smaller) / (1 + the
/// number of orders). What differs by rounding only is not smaller. A function of the arguments.
double permutation_p(double observed, std::int64_t items, const PermutedStatistic& statistic,
                     const PermutationTest& test);

/// Pearson's correlation of two symmetric matrices [n, n] over the n (n - 1) / 2 pairs of items, the second one's items
/// in the given order (Mantel 1967); nothing where all pairs of one are alike.
std::optional<double> pair_correlation(std::span<const double> x, std::span<const double> y,
                                       std::span<const std::int64_t> order);

}  // namespace phatgoose
