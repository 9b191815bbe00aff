#include "phatgoose/embed/principal_components.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace phatgoose {
namespace {

/// Variances below this part of the largest, or this part of the vectors' own squares, are what rounding leaves.
constexpr double kRelativeVariance = 1e-12, kRelativeSquare = 1e-26;
constexpr int kMostSweeps = 60;  // about 10 are needed

/// Rotates rows and columns p and q of the symmetric `matrix` so that its element (p, q) becomes 0; `vectors` follow
/// (Golub and Van Loan, Matrix Computations, section 8.5).
void rotate(std::vector<double>& matrix, std::vector<double>& vectors, std::size_t size, std::size_t p, std::size_t q) {
  const double off = matrix[p * size + q];
  if (off == 0) return;
  const double tau = (matrix[q * size + q] - matrix[p * size + p]) / (2 * off);
  const double t = (tau >= 0 ? 1 : -1) / (std::abs(tau) + std::hypot(1.0, tau));
  const double c = 1 / std::hypot(1.0, t), s = t * c;
  const auto turn = [&](double& x, double& y) {
    const double old = x;
    x = c * old - s * y;
    y = s * old + c * y;
  };
  for (std::size_t k = 0; k < size; ++k) turn(matrix[k * size + p], matrix[k * size + q]);
  for (std::size_t k = 0; k < size; ++k) turn(matrix[p * size + k], matrix[q * size + k]);
  for (std::size_t k = 0; k < size; ++k) turn(vectors[p * size + k], vectors[q * size + k]);
  matrix[p * size + q] = matrix[q * size + p] = 0;
}

/// The sum of squares off the diagonal.
double off_diagonal(const std::vector<double>& matrix, std::size_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) sum += i == j ? 0 : matrix[i * size + j] * matrix[i * size + j];
  }
  return sum;
}

std::vector<double> mean_of(std::span<const double> vectors, std::size_t rows, std::size_t size) {
  std::vector<double> mean(size);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < size; ++i) mean[i] += vectors[row * size + i];
  }
  for (double& value : mean) value /= static_cast<double>(rows);
  return mean;
}

/// The products of every two rows: [rows, rows].
std::vector<double> gram_of(const std::vector<double>& vectors, std::size_t rows, std::size_t size) {
  std::vector<double> gram(rows * rows);
  const auto row = [&](std::size_t i) { return std::span(vectors).subspan(i * size, size); };
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      gram[i * rows + j] = gram[j * rows + i] = std::inner_product(row(i).begin(), row(i).end(), row(j).begin(), 0.0);
    }
  }
  return gram;
}

/// Makes the largest element positive, the first of several.
void fix_sign(std::span<double> component) {
  const auto largest = std::ranges::max_element(component, {}, [](double value) { return std::abs(value); });
  if (*largest >= 0) return;
  for (double& value : component) value = -value;
}

}  // namespace

Eigenpairs symmetric_eigenpairs(std::vector<double> matrix, std::int64_t size) {
  const auto n = static_cast<std::size_t>(size);
  std::vector<double> vectors(n * n);
  for (std::size_t i = 0; i < n; ++i) vectors[i * n + i] = 1;
  const double all = std::inner_product(matrix.begin(), matrix.end(), matrix.begin(), 0.0);
  for (int sweep = 0; sweep < kMostSweeps && off_diagonal(matrix, n) > 1e-32 * all; ++sweep) {
    for (std::size_t p = 0; p + 1 < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) rotate(matrix, vectors, n, p, q);
    }
  }
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return matrix[i * n + i]; });
  Eigenpairs pairs;
  for (const std::size_t i : order) {
    pairs.values.push_back(matrix[i * n + i]);
    const auto row = vectors.begin() + static_cast<std::ptrdiff_t>(i * n);
    pairs.vectors.insert(pairs.vectors.end(), row, row + size);
  }
  return pairs;
}

PrincipalComponents principal_components(std::span<const double> vectors, std::int64_t rows, std::int64_t most) {
  const auto count = static_cast<std::size_t>(rows), size = vectors.size() / count;
  PrincipalComponents result{.mean = mean_of(vectors, count, size), .components = {}};
  std::vector<double> centred(vectors.begin(), vectors.end());  // [rows, n]
  for (std::size_t i = 0; i < centred.size(); ++i) centred[i] -= result.mean[i % size];
  const Eigenpairs pairs = symmetric_eigenpairs(gram_of(centred, count, size), rows);
  // With centred rows X and X X^T v = s^2 v, X^T v / s is an eigenvector of X^T X of length 1.
  const double squares = std::inner_product(vectors.begin(), vectors.end(), vectors.begin(), 0.0);
  const double least = std::max(kRelativeVariance * pairs.values.front(), kRelativeSquare * squares);
  for (std::size_t d = 0; d < count && result.dimension < most && pairs.values[d] > least; ++d, ++result.dimension) {
    std::vector<double> component(size);
    for (std::size_t row = 0; row < count; ++row) {
      const double weight = pairs.vectors[d * count + row] / std::sqrt(pairs.values[d]);
      for (std::size_t i = 0; i < size; ++i) component[i] += weight * centred[row * size + i];
    }
    fix_sign(component);
    result.components.insert(result.components.end(), component.begin(), component.end());
  }
  return result;
}

std::vector<float> reduced(std::span<const double> x, std::span<const float> mean, std::span<const float> components) {
  std::vector<float> result;
  for (std::size_t begin = 0; begin < components.size(); begin += mean.size()) {
    double sum = 0;
    for (std::size_t i = 0; i < mean.size(); ++i) sum += components[begin + i] * (x[i] - mean[i]);
    result.push_back(static_cast<float>(sum));
  }
  return result;
}

}  // namespace phatgoose
