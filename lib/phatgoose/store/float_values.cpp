#include "phatgoose/store/float_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

float from_bf16(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// IEEE 754 binary16: 1 bit sign, 5 bits exponent, 10 bits mantissa.
float from_f16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 0x1f;
  const int mantissa = bits & 0x3ff;
  float value;
  if (exponent == 0x1f) {
    value = mantissa != 0 ? NAN : INFINITY;
  } else if (exponent == 0) {
    value = std::ldexp(static_cast<float>(mantissa), -24);
  } else {
    value = std::ldexp(static_cast<float>(mantissa + 0x400), exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

template <typename Stored, typename Convert>
std::vector<float> converted(const TensorView& view, Convert convert) {
  std::vector<float> values(view.bytes.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, view.bytes.data() + i * sizeof stored, sizeof stored);
    values[i] = convert(stored);
  }
  return values;
}

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

std::vector<float> float_values(const TensorView& view) {
  switch (view.dtype) {
    case DType::f64:
      return converted<double>(view, [](double value) { return static_cast<float>(value); });
    case DType::f32:
      return converted<float>(view, [](float value) { return value; });
    case DType::f16:
      return converted<std::uint16_t>(view, from_f16);
    case DType::bf16:
      return converted<std::uint16_t>(view, from_bf16);
    default:
      fail(ExitCode::bug, {.where = "float_values", .found = name_of(view.dtype)});
  }
}

bool equal_values(const TensorView& x, const TensorView& y) {
  if (x.shape != y.shape) return false;
  if (x.dtype != y.dtype) return is_floating(x.dtype) && is_floating(y.dtype) && float_values(x) == float_values(y);
  if (x.bytes.data() == y.bytes.data()) return true;  // one storage under two names
  return std::equal(x.bytes.begin(), x.bytes.end(), y.bytes.begin(), y.bytes.end());
}

std::vector<float> transposed_values(const TensorView& matrix) {
  const std::vector<float> values = float_values(matrix);
  const auto rows = static_cast<std::size_t>(matrix.shape[0]), columns = static_cast<std::size_t>(matrix.shape[1]);
  std::vector<float> transposed(values.size());
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) transposed[j * rows + i] = values[i * columns + j];
  }
  return transposed;
}

}  // namespace phatgoose
