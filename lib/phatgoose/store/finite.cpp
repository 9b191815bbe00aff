#include "phatgoose/store/finite.h"

#include <cstdint>
#include <cstring>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

template <typename Word, typename Predicate>
bool all_words(std::span<const std::byte> bytes, Predicate holds) {
  bool all = true;
  for (std::size_t at = 0; at + sizeof(Word) <= bytes.size(); at += sizeof(Word)) {
    Word word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    all &= holds(word);
  }
  return all;
}

/// Whether the bits of every element hold for `holds(bits, exponent)`, where `exponent` masks those of the exponent.
template <typename Predicate>
bool all_elements(const TensorView& view, Predicate holds) {
  const auto all = [&]<typename Word>(Word exponent) {
    return all_words<Word>(view.bytes, [&](Word word) { return holds(word, exponent); });
  };
  switch (view.dtype) {
    case DType::f64:
      return all(std::uint64_t{0x7ff0'0000'0000'0000});
    case DType::f32:
      return all(std::uint32_t{0x7f80'0000});
    case DType::f16:
      return all(std::uint16_t{0x7c00});
    case DType::bf16:
      return all(std::uint16_t{0x7f80});
    default:
      fail(ExitCode::bug, {.where = "floating-point values", .found = name_of(view.dtype)});
  }
}

}  // namespace

bool is_floating(DType dtype) {
  return dtype == DType::f64 || dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16;
}

bool all_finite(const TensorView& view) {
  // NaN and infinity are the values whose exponent bits are all set.
  return all_elements(view, [](auto bits, auto exponent) { return (bits & exponent) != exponent; });
}

bool all_zero(const TensorView& view) {
  // Everything but the sign, which zero may have. Shifting the sign out promotes 16 bits to int: cut them again.
  return all_elements(view, [](auto bits, auto) { return static_cast<decltype(bits)>(bits << 1) == 0; });
}

}  // namespace phatgoose
