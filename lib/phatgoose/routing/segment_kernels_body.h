// Body of the segment kernels, included once for every instruction set: inside a namespace of its own, with the macro
// PHATGOOSE_LANES set to the number of floats in a vector register. No include guard, no includes: see
// segment_kernels.cpp.

template <int kLanes>
struct VectorOf {
  // Element alignment: rows may begin anywhere.
  typedef float type __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
};

template <int kLanes>
inline typename VectorOf<kLanes>::type& vector_at(float* p) {
  return *reinterpret_cast<typename VectorOf<kLanes>::type*>(p);
}

template <int kLanes>
inline const typename VectorOf<kLanes>::type& vector_at(const float* p) {
  return *reinterpret_cast<const typename VectorOf<kLanes>::type*>(p);
}

/// kTokens rows of h, columns [0, kVectors * kLanes) of the padded rank.
template <int kLanes, int kTokens, int kVectors>
inline void down_block(const std::int32_t* tokens, TokenRows<const float> u, std::int64_t in, const float* a,
                       std::int64_t padded, const float* factors, float* h) {
  using Vector = typename VectorOf<kLanes>::type;
  const float* rows[kTokens];
  for (int t = 0; t < kTokens; ++t) rows[t] = u.data + tokens[t] * u.stride;
  Vector sums[kTokens][kVectors] = {};
  for (std::int64_t i = 0; i < in; ++i) {
    Vector column[kVectors];
#pragma GCC unroll 4
    for (int c = 0; c < kVectors; ++c) column[c] = vector_at<kLanes>(a + i * padded + c * kLanes);
#pragma GCC unroll 16
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int c = 0; c < kVectors; ++c) sums[t][c] += rows[t][i] * column[c];
    }
  }
  for (int t = 0; t < kTokens; ++t) {
    for (int c = 0; c < kVectors; ++c) vector_at<kLanes>(h + t * padded + c * kLanes) = factors[t] * sums[t][c];
  }
}

/// All ranks for kTokens tokens: 16 at a time, then 8.
template <int kTokens>
inline void down_tokens(const std::int32_t* tokens, TokenRows<const float> u, std::int64_t in, const float* a,
                        std::int64_t padded, const float* factors, float* h) {
  constexpr int kWide = PHATGOOSE_LANES < 16 ? PHATGOOSE_LANES : 16;
  constexpr int kNarrow = PHATGOOSE_LANES < 8 ? PHATGOOSE_LANES : 8;
  std::int64_t r = 0;
  for (; r + 16 <= padded; r += 16) {
    down_block<kWide, kTokens, 16 / kWide>(tokens, u, in, a + r, padded, factors, h + r);
  }
  if (r < padded) down_block<kNarrow, kTokens, 8 / kNarrow>(tokens, u, in, a + r, padded, factors, h + r);
}

inline void down(Segment segment, TokenRows<const float> u, std::int64_t in, const float* a, std::int64_t padded,
                 const float* factors, float* h) {
  constexpr int kBlock = PHATGOOSE_LANES >= 16 ? 8 : 4;
  std::int64_t i = 0;
  const auto go_on = [&]<int kTokens>() {
    for (; i + kTokens <= segment.count; i += kTokens) {
      down_tokens<kTokens>(segment.tokens + i, u, in, a, padded, factors + i, h + i * padded);
    }
  };
  go_on.template operator()<kBlock>();
  if constexpr (kBlock > 4) go_on.template operator()<4>();
  go_on.template operator()<2>();
  go_on.template operator()<1>();
}

/// kTokens rows of y, columns [column, column + kVectors * kLanes), against a part of a panel of B, `width` columns
/// wide.
template <int kTokens, int kVectors>
inline void up_block(float* const* rows, std::int64_t column, const float* panel, std::int64_t width, std::int64_t rank,
                     std::int64_t padded, const float* h) {
  using Vector = VectorOf<PHATGOOSE_LANES>::type;
  Vector sums[kTokens][kVectors] = {};
  for (std::int64_t r = 0; r < rank; ++r) {
    Vector row[kVectors];
#pragma GCC unroll 4
    for (int c = 0; c < kVectors; ++c) row[c] = vector_at<PHATGOOSE_LANES>(panel + r * width + c * PHATGOOSE_LANES);
#pragma GCC unroll 8
    for (int t = 0; t < kTokens; ++t) {
#pragma GCC unroll 4
      for (int c = 0; c < kVectors; ++c) sums[t][c] += h[t * padded + r] * row[c];
    }
  }
  for (int t = 0; t < kTokens; ++t) {
    for (int c = 0; c < kVectors; ++c) {
      vector_at<PHATGOOSE_LANES>(rows[t] + column + c * PHATGOOSE_LANES) += sums[t][c];
    }
  }
}

/// The same for the last, narrow panel.
template <int kTokens>
inline void up_narrow(float* const* rows, std::int64_t column, const float* panel, std::int64_t width,
                      std::int64_t rank, std::int64_t padded, const float* h) {
  for (int t = 0; t < kTokens; ++t) {
    for (std::int64_t i = 0; i < width; ++i) {
      float sum = 0.0F;
      for (std::int64_t r = 0; r < rank; ++r) sum += h[t * padded + r] * panel[r * width + i];
      rows[t][column + i] += sum;
    }
  }
}

template <int kTokens>
inline void up_tokens(const std::int32_t* tokens, TokenRows<float> y, std::int64_t out, const float* panels,
                      std::int64_t rank, std::int64_t padded, const float* h) {
  constexpr int kVectors = 2;
  float* rows[kTokens];
  for (int t = 0; t < kTokens; ++t) rows[t] = y.data + tokens[t] * y.stride;
  std::int64_t column = 0;
  for (; column + kPanelWidth <= out; column += kPanelWidth) {
    const float* panel = panels + column * rank;
    for (std::int64_t i = 0; i < kPanelWidth; i += kVectors * PHATGOOSE_LANES) {
      up_block<kTokens, kVectors>(rows, column + i, panel + i, kPanelWidth, rank, padded, h);
    }
  }
  if (column < out) up_narrow<kTokens>(rows, column, panels + column * rank, out - column, rank, padded, h);
}

inline void up(Segment segment, TokenRows<float> y, std::int64_t out, const float* panels, std::int64_t rank,
               std::int64_t padded, const float* h) {
  constexpr int kBlock = PHATGOOSE_LANES >= 16 ? 8 : 4;
  std::int64_t i = 0;
  const auto go_on = [&]<int kTokens>() {
    for (; i + kTokens <= segment.count; i += kTokens) {
      up_tokens<kTokens>(segment.tokens + i, y, out, panels, rank, padded, h + i * padded);
    }
  };
  go_on.template operator()<kBlock>();
  if constexpr (kBlock > 4) go_on.template operator()<4>();
  go_on.template operator()<2>();
  go_on.template operator()<1>();
}

/// Sum over a row of (x - centre)^power, power 1 or 2, in kLanes * 2 partial sums.
template <int kPower>
inline float sum_of_powers(const float* row, std::int64_t in, float centre) {
  using Vector = VectorOf<PHATGOOSE_LANES>::type;
  Vector sums[2] = {};
  std::int64_t i = 0;
  for (; i + 2 * PHATGOOSE_LANES <= in; i += 2 * PHATGOOSE_LANES) {
    for (int c = 0; c < 2; ++c) {
      const Vector x = vector_at<PHATGOOSE_LANES>(row + i + c * PHATGOOSE_LANES) - centre;
      sums[c] += kPower == 1 ? x : x * x;
    }
  }
  const Vector both = sums[0] + sums[1];
  float sum = 0.0F;
  for (int lane = 0; lane < PHATGOOSE_LANES; ++lane) sum += both[lane];
  for (; i < in; ++i) {
    const float x = row[i] - centre;
    sum += kPower == 1 ? x : x * x;
  }
  return sum;
}

inline void rstd(TokenRows<const float> u, std::int64_t tokens, std::int64_t in, float* result) {
  for (std::int64_t t = 0; t < tokens; ++t) {
    const float* row = u.data + t * u.stride;
    const float mean = sum_of_powers<1>(row, in, 0.0F) / static_cast<float>(in);
    const float variance = sum_of_powers<2>(row, in, mean) / static_cast<float>(in);
    result[t] = 1.0F / __builtin_sqrtf(variance + 1e-5F);
  }
}

constexpr SegmentKernels kKernels{down, up, rstd};
