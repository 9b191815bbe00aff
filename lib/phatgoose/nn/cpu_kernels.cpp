#include "phatgoose/nn/cpu_kernels.h"

#include <algorithm>
#include <bit>
#include <cmath>

#if defined(__GNUC__) && !defined(__clang__) && !defined(__NO_MATH_ERRNO__)
#error "compile this file with the options that CMakeLists.txt gives it: without them the loops do not vectorise"
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__)
#define PHATGOOSE_MULTIVERSION __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PHATGOOSE_MULTIVERSION
#endif

namespace phatgoose::cpu {
namespace {

// gelu_tanh(a) = a (1 + tanh(z)) / 2 = a sigmoid(2 z) with z = sqrt(2 / pi) (a + 0.044715 a^3).
constexpr float kTwiceRootTwoOverPi = 1.5957691216057308F;
constexpr float kCubic = 0.044715F;

/// exp(x) for x <= 0 to about 2e-7 relative: range reduction by ln 2 (in two parts), then a polynomial on half of it
/// either side of zero (the coefficients are those of Cephes' expf).
inline float exp_negative(float x) {
  x = x < -87.0F ? -87.0F : x;
  const float n = static_cast<float>(static_cast<int>(x * 1.44269504F - 0.5F));
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  return p * std::bit_cast<float>((static_cast<int>(n) + 127) << 23);
}

inline float sigmoid(float x) {
  const float e = exp_negative(x < 0 ? x : -x);
  const float s = 1.0F / (1.0F + e);
  return x < 0 ? e * s : s;
}

}  // namespace

PHATGOOSE_MULTIVERSION
float rms_norm_row(const float* x, const float* weight, float epsilon, std::int64_t size, float* y) {
  float sum = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += x[i] * x[i];
  const float r = 1.0F / std::sqrt(sum / static_cast<float>(size) + epsilon);
  for (std::int64_t i = 0; i < size; ++i) y[i] = x[i] * r * weight[i];
  return r;
}

PHATGOOSE_MULTIVERSION
void rms_norm_gradient_row(const float* gradient, const float* weight, const float* x, float r, std::int64_t size,
                           float* dx) {
  float dot = 0;
  for (std::int64_t i = 0; i < size; ++i) dot += gradient[i] * weight[i] * x[i];
  const float pull = dot * r * r / static_cast<float>(size);
  for (std::int64_t i = 0; i < size; ++i) dx[i] = r * (gradient[i] * weight[i] - pull * x[i]);
}

PHATGOOSE_MULTIVERSION
void gated_gelu_row(const float* gate, const float* linear, std::int64_t size, float* y) {
  for (std::int64_t i = 0; i < size; ++i) {
    const float a = gate[i];
    y[i] = a * sigmoid(kTwiceRootTwoOverPi * (a + kCubic * a * a * a)) * linear[i];
  }
}

PHATGOOSE_MULTIVERSION
void gated_gelu_gradient_row(const float* gradient, const float* gate, const float* linear, std::int64_t size,
                             float* dgate, float* dlinear) {
  for (std::int64_t i = 0; i < size; ++i) {
    const float a = gate[i];
    const float s = sigmoid(kTwiceRootTwoOverPi * (a + kCubic * a * a * a));
    const float slope = s + a * s * (1.0F - s) * kTwiceRootTwoOverPi * (1.0F + 3.0F * kCubic * a * a);
    dlinear[i] = gradient[i] * a * s;
    dgate[i] = gradient[i] * linear[i] * slope;
  }
}

PHATGOOSE_MULTIVERSION
float mean_row(const float* x, std::int64_t size) {
  double sum = 0;
  for (std::int64_t i = 0; i < size; ++i) sum += x[i];
  return static_cast<float>(sum / static_cast<double>(size));
}

PHATGOOSE_MULTIVERSION
float log_sum_exp_row(const float* x, std::int64_t size) {
  constexpr std::int64_t kBlock = 512;  // so many terms are added in fp32
  float largest = x[0];
  for (std::int64_t i = 1; i < size; ++i) largest = x[i] > largest ? x[i] : largest;
  double sum = 0;
  for (std::int64_t begin = 0; begin < size; begin += kBlock) {
    const std::int64_t end = std::min(begin + kBlock, size);
    float part = 0;
    for (std::int64_t i = begin; i < end; ++i) part += exp_negative(x[i] - largest);
    sum += part;
  }
  return largest + static_cast<float>(std::log(sum));
}

PHATGOOSE_MULTIVERSION
void softmax_row(float* x, float log_sum, std::int64_t size) {
  for (std::int64_t i = 0; i < size; ++i) x[i] = exp_negative(x[i] - log_sum);
}

PHATGOOSE_MULTIVERSION
void dropout_row(const float* x, const std::uint32_t place[3], const std::uint32_t key[2], std::uint32_t threshold,
                 float scale, std::int64_t size, float* y) {
  constexpr int kLanes = 16;  // blocks of eight elements side by side, so that the rounds vectorise
  for (std::int64_t first = 0; first < size; first += 8 * kLanes) {
    std::uint32_t a[kLanes], b[kLanes], c[kLanes], d[kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      a[lane] = place[0];
      b[lane] = place[1];
      c[lane] = place[2];
      d[lane] = static_cast<std::uint32_t>(first / 8 + lane);
    }
    std::uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; ++round) {
      for (int lane = 0; lane < kLanes; ++lane) {
        const std::uint64_t p = std::uint64_t{0xD2511F53U} * a[lane], q = std::uint64_t{0xCD9E8D57U} * c[lane];
        a[lane] = static_cast<std::uint32_t>(q >> 32) ^ b[lane] ^ k0;
        b[lane] = static_cast<std::uint32_t>(q);
        c[lane] = static_cast<std::uint32_t>(p >> 32) ^ d[lane] ^ k1;
        d[lane] = static_cast<std::uint32_t>(p);
      }
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    float keep[8 * kLanes];
    for (int lane = 0; lane < kLanes; ++lane) {
      const std::uint32_t words[4] = {a[lane], b[lane], c[lane], d[lane]};
      for (int word = 0; word < 4; ++word) {
        keep[8 * lane + 2 * word] = (words[word] & 0xFFFFU) >= threshold ? scale : 0.0F;
        keep[8 * lane + 2 * word + 1] = (words[word] >> 16) >= threshold ? scale : 0.0F;
      }
    }
    const std::int64_t count = std::min<std::int64_t>(8 * kLanes, size - first);
    for (std::int64_t i = 0; i < count; ++i) y[first + i] = x[first + i] * keep[i];
  }
}

}  // namespace phatgoose::cpu
