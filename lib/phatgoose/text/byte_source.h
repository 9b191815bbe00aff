// The bytes of a text file or of a pipe, plain or gzip-compressed, as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "phatgoose/base/files.h"

namespace phatgoose {

class ByteSource {
 public:
  /// Opens a file, or a pipe that has a name. Missing or unreadable, another compression than gzip, a .gz file that is
  /// none: bad_data, for a file at once.
  explicit ByteSource(const fs::path& path);
  /// Reads an open descriptor, which stays the caller's; `name` stands for it in errors.
  ByteSource(int descriptor, std::string name);
  ~ByteSource();
  ByteSource(ByteSource&&) noexcept;
  ByteSource& operator=(ByteSource&&) noexcept;

  const std::string& name() const;

  /// Fills the beginning of `to`, which is not empty, with at least one byte; 0 at the end. Without `wait`: nothing
  /// where the next byte is not there yet. Truncated or corrupt gzip: bad_data at `where`; another encoding than UTF-8,
  /// as far as the first bytes tell: bad_data.
  std::optional<std::size_t> read(std::span<char> to, bool wait, const std::string& where);

  /// Goes on reading at byte `offset` of the uncompressed text; beyond the end there is nothing to read. A pipe:
  /// bad_data.
  void seek(std::int64_t offset);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phatgoose
