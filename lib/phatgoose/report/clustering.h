// Clusters of tasks, and how far two partitions of the same things agree.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace phatgoose {

/// Agglomerative clustering with average linkage (UPGMA, Sokal and Michener 1958): the two clusters whose members are
/// closest on average are joined until `clusters` are left; of equal pairs the first by the clusters' first members.
/// `distances` [n, n], symmetric. Clusters are numbered by their first members.
std::vector<std::int64_t> average_linkage(std::span<const double> distances, std::int64_t clusters);  // [n]

/// The adjusted Rand index (Hubert and Arabie 1985) of two partitions of the same n things: 1 where they are the same,
/// 0 on average where one is drawn at random, which it may fall below.
double adjusted_rand_index(std::span<const std::int64_t> x, std::span<const std::int64_t> y);

}  // namespace phatgoose
