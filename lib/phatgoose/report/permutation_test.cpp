#include "phatgoose/report/permutation_test.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "phatgoose/base/random.h"

namespace phatgoose {
namespace {

constexpr double kRoundingOfStatistic = 1e-12;

/// The elements below the diagonal, rows and columns in this order.
std::vector<double> pairs_in(std::span<const double> matrix, std::span<const std::int64_t> order) {
  std::vector<double> pairs;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto row = matrix.subspan(static_cast<std::size_t>(order[i]) * order.size(), order.size());
    for (std::size_t j = 0; j < i; ++j) pairs.push_back(row[static_cast<std::size_t>(order[j])]);
  }
  return pairs;
}

/// Takes the mean off every number. false: they are all alike.
bool centre(std::vector<double>& numbers) {
  const auto [least, most] = std::ranges::minmax(numbers);
  if (most - least <= kRoundingOfStatistic * std::max(std::abs(least), std::abs(most))) return false;
  const double mean = std::reduce(numbers.begin(), numbers.end()) / static_cast<double>(numbers.size());
  for (double& number : numbers) number -= mean;
  return true;
}

double product(const std::vector<double>& x, const std::vector<double>& y) {
  return std::inner_product(x.begin(), x.end(), y.begin(), 0.0);
}

}  // namespace

double permutation_p(double observed, std::int64_t items, const PermutedStatistic& statistic,
                     const PermutationTest& test) {
  std::int64_t as_large = 0;
  for (std::int64_t draw = 0; draw < test.permutations; ++draw) {
    const auto order = permutation(items, test.seed, static_cast<std::uint64_t>(draw));
    if (statistic(order) >= observed - kRoundingOfStatistic) ++as_large;
  }
  return static_cast<double>(as_large + 1) / static_cast<double>(test.permutations + 1);
}

std::optional<double> pair_correlation(std::span<const double> x, std::span<const double> y,
                                       std::span<const std::int64_t> order) {
  std::vector<std::int64_t> as_it_is(order.size());
  std::iota(as_it_is.begin(), as_it_is.end(), 0);
  std::vector<double> of_x = pairs_in(x, as_it_is), of_y = pairs_in(y, order);
  if (of_x.size() < 2 || !centre(of_x) || !centre(of_y)) return std::nullopt;
  return product(of_x, of_y) / std::sqrt(product(of_x, of_x) * product(of_y, of_y));
}

}  // namespace phatgoose
