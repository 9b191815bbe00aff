// The two small matrix products of sparse expert execution on CPU, fp32: for a segment of tokens that share an expert,
// h = f A u and y += B h, reading u and adding to y in place (no gathered copies, no [pairs, out] temporary).
#pragma once

#include <cstdint>

namespace phatgoose {

/// Ranks of A are padded with zeros to a multiple of this.
constexpr std::int64_t kRankPadding = 8;
/// Output columns of one panel of B.
constexpr std::int64_t kPanelWidth = 32;

/// Tokens that one expert works on: rows of u and of y.
struct Segment {
  const std::int32_t* tokens;  ///< [count]
  std::int64_t count;
};

/// A row-major matrix of which one row belongs to each token; rows are `stride` elements apart.
template <typename T>
struct TokenRows {
  T* data;
  std::int64_t stride;
};

/// h[i] = factors[i] * A u[tokens[i]] for i < count.
/// `a_transposed` [in, padded] with padded = the rank rounded up; h [count, padded].
using DownKernel = void (*)(Segment segment, TokenRows<const float> u, std::int64_t in, const float* a_transposed,
                            std::int64_t padded, const float* factors, float* h);

/// y[tokens[i]] += B h[i] for i < count; h [count, padded].
/// `panels` holds B in panels of kPanelWidth output columns, one after the other, each as [rank, width]; the last one
/// may be narrower. So B is read in one sweep, whatever the size of `out`.
using UpKernel = void (*)(Segment segment, TokenRows<float> y, std::int64_t out, const float* panels, std::int64_t rank,
                          std::int64_t padded, const float* h);

/// result[t] = 1 / sqrt(var(u[t]) + 1e-5) with the biased variance, for t < tokens.
using RstdKernel = void (*)(TokenRows<const float> u, std::int64_t tokens, std::int64_t in, float* result);

struct SegmentKernels {
  DownKernel down;
  UpKernel up;
  RstdKernel rstd;
};

/// The fastest set that this processor runs (AVX-512, AVX2, or plain).
const SegmentKernels& segment_kernels();
/// Every set that this processor runs, for tests.
const SegmentKernels* const* all_segment_kernels();  ///< null-terminated

}  // namespace phatgoose
