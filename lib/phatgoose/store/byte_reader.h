// Bounds-checked reading of little-endian fields.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "phatgoose/base/error.h"

namespace phatgoose {

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian and copied as they are");

class ByteReader {
 public:
  /// A read beyond the end is a bad_data error.
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

  std::size_t position() const { return position_; }

  void seek(std::uint64_t position) {
    if (position > bytes_.size()) refuse_end();
    position_ = position;
  }

  std::span<const std::byte> take(std::uint64_t size) {
    if (size > bytes_.size() - position_) refuse_end();
    const auto part = bytes_.subspan(position_, size);
    position_ += size;
    return part;
  }

  std::string_view take_text(std::uint64_t size) {
    const auto part = take(size);
    return {reinterpret_cast<const char*>(part.data()), part.size()};
  }

  template <typename T>
  T take_number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

 private:
  [[noreturn]] static void refuse_end() { refuse_here("the data end too early", "", "the file may be truncated"); }

  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
};

}  // namespace phatgoose
