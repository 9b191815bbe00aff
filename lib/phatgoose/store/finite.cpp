#include "phatgoose/store/finite.h"

#include <cstring>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

/// NaN and infinity are the values whose exponent bits are all set.
template <typename Word>
bool exponents_below(std::span<const std::byte> bytes, Word exponent_mask) {
  bool found = false;
  for (std::size_t at = 0; at + sizeof(Word) <= bytes.size(); at += sizeof(Word)) {
    Word word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    found |= (word & exponent_mask) == exponent_mask;
  }
  return !found;
}

}  // namespace

bool is_floating(DType dtype) {
  return dtype == DType::f64 || dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

bool all_finite(const TensorView& view) {
  switch (view.dtype) {
    case DType::f64:
      return exponents_below<std::uint64_t>(view.bytes, 0x7ff0'0000'0000'0000);
    case DType::f32:
      return exponents_below<std::uint32_t>(view.bytes, 0x7f80'0000);
    case DType::f16:
      return exponents_below<std::uint16_t>(view.bytes, 0x7c00);
    case DType::bf16:
      return exponents_below<std::uint16_t>(view.bytes, 0x7f80);
    default:
      fail(ExitCode::bug, {.where = "all_finite", .found = name_of(view.dtype)});
  }
}

}  // namespace phatgoose
