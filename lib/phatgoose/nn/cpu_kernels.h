// Loops over one row in fp32, compiled for several vector instruction sets; the loader picks the best one at start.
// They replace chains of tensor operations whose cost is memory traffic. No tensors here.
#pragma once

#include <cstdint>

namespace phatgoose::cpu {

/// RMSNorm of a row: y = x r weight with r = 1 / sqrt(mean(x^2) + epsilon); returns r.
float rms_norm_row(const float* x, const float* weight, float epsilon, std::int64_t size, float* y);
/// Its gradient with respect to x.
void rms_norm_gradient_row(const float* gradient, const float* weight, const float* x, float r, std::int64_t size,
                           float* dx);

/// y = gelu_tanh(gate) * linear, elementwise.
void gated_gelu_row(const float* gate, const float* linear, std::int64_t size, float* y);
/// Its gradients.
void gated_gelu_gradient_row(const float* gradient, const float* gate, const float* linear, std::int64_t size,
                             float* dgate, float* dlinear);

/// The mean of a row.
float mean_row(const float* x, std::int64_t size);
/// log sum_i exp(x_i) of a row.
float log_sum_exp_row(const float* x, std::int64_t size);
/// x_i = exp(x_i - log_sum) in place, log_sum being log_sum_exp_row() of the row: softmax.
void softmax_row(float* x, float log_sum, std::int64_t size);

/// Multiplies x by dropout noise into y: element i is kept (times `scale`) where its 16 random bits are >= `threshold`.
/// The bits of elements 8 j ... 8 j + 7 are the four words of philox(counter {place[0], place[1], place[2], j}, key).
void dropout_row(const float* x, const std::uint32_t place[3], const std::uint32_t key[2], std::uint32_t threshold,
                 float scale, std::int64_t size, float* y);

}  // namespace phatgoose::cpu
