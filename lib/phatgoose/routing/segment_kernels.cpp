#include "phatgoose/routing/segment_kernels.h"

#include <array>
#include <cstddef>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define PHATGOOSE_X86_KERNELS 1
#endif

namespace phatgoose {
namespace {

namespace plain {
#define PHATGOOSE_LANES 4
#include "phatgoose/routing/segment_kernels_body.inc"
#undef PHATGOOSE_LANES
}  // namespace plain

#ifdef PHATGOOSE_X86_KERNELS
#pragma GCC push_options
#pragma GCC target("avx2,fma")
namespace avx2 {
#define PHATGOOSE_LANES 8
#include "phatgoose/routing/segment_kernels_body.inc"
#undef PHATGOOSE_LANES
}  // namespace avx2
#pragma GCC pop_options

#pragma GCC push_options
#pragma GCC target("avx512f,avx512vl,avx2,fma")
namespace avx512 {
#define PHATGOOSE_LANES 16
#include "phatgoose/routing/segment_kernels_body.inc"
#undef PHATGOOSE_LANES
}  // namespace avx512
#pragma GCC pop_options
#endif

/// Best first, then null.
std::array<const SegmentKernels*, 4> supported_kernels() {
  std::array<const SegmentKernels*, 4> found{};
  std::size_t count = 0;
#ifdef PHATGOOSE_X86_KERNELS
  const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl")) {
    found[count++] = &avx512::kKernels;
  }
  if (has_avx2) found[count++] = &avx2::kKernels;
#endif
  found[count] = &plain::kKernels;
  return found;
}

}  // namespace

const SegmentKernels* const* all_segment_kernels() {
  static const std::array<const SegmentKernels*, 4> kernels = supported_kernels();
  return kernels.data();
}

const SegmentKernels& segment_kernels() { return *all_segment_kernels()[0]; }

}  // namespace phatgoose
