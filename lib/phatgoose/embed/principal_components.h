// Principal components of few long vectors (METHODS 8: Fisher information of tasks).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace phatgoose {

/// A vector x becomes components (x - mean).
struct PrincipalComponents {
  std::vector<double> mean;        ///< [n]
  std::vector<double> components;  ///< [d, n], orthonormal rows, those of the largest variance first
  std::int64_t dimension = 0;      ///< d
};

/// Of `rows` vectors [rows, n], in fp64: at most `most` components, and no more than the vectors differ in; none where
/// they are all alike. The largest element of every component is positive. All sums have a fixed order: the same
/// vectors give the same bytes on any number of threads.
PrincipalComponents principal_components(std::span<const double> vectors, std::int64_t rows, std::int64_t most);

/// The eigenvalues of a symmetric matrix, the largest first, and its eigenvectors, by Jacobi's rotations.
struct Eigenpairs {
  std::vector<double> values;   ///< [size]
  std::vector<double> vectors;  ///< [size, size], row i belongs to value i
};
Eigenpairs symmetric_eigenpairs(std::vector<double> matrix, std::int64_t size);

/// components (x - mean), summed in fp64.
std::vector<float> reduced(std::span<const double> x, std::span<const float> mean, std::span<const float> components);

}  // namespace phatgoose
