// Lines of a text file, plain or gzip-compressed, streamed: the file is never held whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "phatgoose/base/files.h"

namespace phatgoose {

class LineReader {
 public:
  /// Missing or unreadable file, another compression than gzip, or a .gz file that is none: bad_data.
  explicit LineReader(fs::path path);
  ~LineReader();
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;

  /// Reads the next line without its end ("\n" or "\r\n"; the last line may lack one). false at the end of the file.
  /// Truncated or corrupt gzip: bad_data. What is longer than `max_bytes` comes in parts: a part ends at the first space
  /// from there on, and the next call gives the next part.
  bool next(std::string& line, std::size_t max_bytes = std::string::npos);

  const fs::path& path() const;
  /// Of the line that next() gave last, 1-based; not meaningful after seek().
  std::int64_t line_number() const;
  /// "FILE:LINE" of that line.
  std::string where() const;

  /// Bytes of (uncompressed) text before the line that next() will give, and the way back there.
  std::int64_t offset() const;
  void seek(std::int64_t offset);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phatgoose
