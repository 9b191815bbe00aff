#include "phatgoose/report/clustering.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

namespace phatgoose {
namespace {

double pairs_of(std::int64_t count) { return static_cast<double>(count) * static_cast<double>(count - 1) / 2; }

/// The sum of pairs_of() over the sizes of the parts.
template <typename Key>
double pairs_within(const std::map<Key, std::int64_t>& sizes) {
  double sum = 0;
  for (const auto& [part, size] : sizes) sum += pairs_of(size);
  return sum;
}

using Members = std::vector<std::size_t>;

double mean_distance(const Members& x, const Members& y, std::span<const double> distances, std::size_t n) {
  double sum = 0;
  for (const std::size_t i : x) {
    for (const std::size_t j : y) sum += distances[i * n + j];
  }
  return sum / static_cast<double>(x.size() * y.size());
}

}  // namespace

std::vector<std::int64_t> average_linkage(std::span<const double> distances, std::int64_t clusters) {
  const auto n = static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(distances.size()))));
  std::vector<Members> groups(n);  // in the order of their first members
  for (std::size_t i = 0; i < n; ++i) groups[i] = {i};
  while (std::ssize(groups) > clusters) {
    std::pair<std::size_t, std::size_t> closest{0, 1};
    double least = mean_distance(groups[0], groups[1], distances, n);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      for (std::size_t j = i + 1; j < groups.size(); ++j) {
        const double distance = mean_distance(groups[i], groups[j], distances, n);
        if (distance >= least) continue;
        least = distance;
        closest = {i, j};
      }
    }
    Members& joined = groups[closest.first];
    const Members& other = groups[closest.second];
    joined.insert(joined.end(), other.begin(), other.end());
    std::ranges::sort(joined);
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(closest.second));
  }
  std::vector<std::int64_t> labels(n);
  for (std::size_t group = 0; group < groups.size(); ++group) {
    for (const std::size_t member : groups[group]) labels[member] = static_cast<std::int64_t>(group);
  }
  return labels;
}

double adjusted_rand_index(std::span<const std::int64_t> x, std::span<const std::int64_t> y) {
  std::map<std::int64_t, std::int64_t> of_x, of_y;
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> of_both;
  for (std::size_t i = 0; i < x.size(); ++i) {
    ++of_x[x[i]];
    ++of_y[y[i]];
    ++of_both[{x[i], y[i]}];
  }
  const double both = pairs_within(of_both), in_x = pairs_within(of_x), in_y = pairs_within(of_y);
  const double expected = in_x * in_y / pairs_of(std::ssize(x)), most = (in_x + in_y) / 2;
  return most == expected ? 1 : (both - expected) / (most - expected);  // equal only where both are trivial
}

}  // namespace phatgoose
