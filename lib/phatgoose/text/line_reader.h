// Lines of UTF-8 text from a file or a pipe, plain or gzip-compressed, streamed: no more is held than one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "phatgoose/base/error.h"
#include "phatgoose/base/files.h"
#include "phatgoose/base/text_file.h"

namespace phatgoose {

/// A line that cannot be given: bytes that are not UTF-8, or more of them than admitted (bad_data).
class LineError : public Error {
 public:
  explicit LineError(Fault fault) : Error(ExitCode::bad_data, std::move(fault)) {}
};

class LineReader {
 public:
  static constexpr std::size_t kWholeLines = std::string::npos;

  /// Opens a file (ByteSource says what is refused). Lines longer than `max_line_bytes` are errors when they come.
  explicit LineReader(const fs::path& path, std::size_t max_line_bytes = kMaxLineBytes);
  /// Reads an open descriptor, which `name` stands for in errors.
  LineReader(int descriptor, std::string name, std::size_t max_line_bytes = kMaxLineBytes);
  ~LineReader();
  LineReader(LineReader&&) noexcept;
  LineReader& operator=(LineReader&&) noexcept;

  /// Reads the next line without its end ("\n" or "\r\n"; the last line may lack one), the first without a byte-order
  /// mark. false at the end of the file. Truncated or corrupt gzip: bad_data. NUL, what is not UTF-8 and lines that are
  /// too long: LineError, after which the next call gives the line behind it. What is longer than `part_bytes` comes in
  /// parts: a part ends at the first space from there on, and the next call gives the next part.
  bool next(std::string& line, std::size_t part_bytes = kWholeLines);
  /// Whether next() will not have to wait: a whole line is there, or the end.
  bool ready();

  /// The file, or the name that was given.
  const std::string& name() const;
  /// Of the line that next() gave last, 1-based; not meaningful after seek().
  std::int64_t line_number() const;
  /// "FILE:LINE" of that line.
  std::string where() const;

  /// Bytes of (uncompressed) text before the line that next() will give, and the way back there in a file.
  std::int64_t offset() const;
  void seek(std::int64_t offset);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace phatgoose
