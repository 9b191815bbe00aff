// Bounds-checked reading of little-endian fields.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "phatgoose/base/error.h"

namespace phatgoose {

static_assert(std::endian::native == std::endian::little, "stored numbers are little-endian and copied as they are");

class ByteReader {
 public:
  /// `where` names the source in the bad_data error that a read beyond the end gives.
  ByteReader(std::span<const std::byte> bytes, std::string where) : bytes_(bytes), where_(std::move(where)) {}

  std::size_t position() const { return position_; }
  const std::string& where() const { return where_; }

  void seek(std::uint64_t position) {
    if (position > bytes_.size()) fail_short();
    position_ = position;
  }

  std::span<const std::byte> take(std::uint64_t size) {
    if (size > bytes_.size() - position_) fail_short();
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
  [[noreturn]] void fail_short() const {
    fail(ExitCode::bad_data,
         {.where = where_, .found = "the data end too early", .expected = {}, .hint = "the file may be truncated"});
  }

  std::span<const std::byte> bytes_;
  std::string where_;
  std::size_t position_ = 0;
};

}  // namespace phatgoose
