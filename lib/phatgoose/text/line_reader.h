// Lines of UTF-8 text from a file or a pipe, plain or gzip-compressed, streamed: no more is held than one line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/files.h"
#include "phatgoose/base/text_file.h"
#include "phatgoose/text/byte_source.h"

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
  explicit LineReader(const fs::path& path, std::size_t max_line_bytes = kMaxLineBytes)
      : source_(path), max_bytes_(max_line_bytes) {}
  /// Reads an open descriptor, which `name` stands for in errors.
  LineReader(int descriptor, std::string name, std::size_t max_line_bytes = kMaxLineBytes)
      : source_(descriptor, std::move(name)), max_bytes_(max_line_bytes) {}

  /// Reads the next line without its end ("\n" or "\r\n"; the last line may lack one), the first without a byte-order
  /// mark. false at the end of the file. Truncated or corrupt gzip: bad_data. NUL, what is not UTF-8 and lines that are
  /// too long: LineError, after which the next call gives the line behind it. What is longer than `part_bytes` comes in
  /// parts: a part ends at the first space from there on, and the next call gives the next part.
  bool next(std::string& line, std::size_t part_bytes = kWholeLines);
  /// Whether next() will not have to wait: a whole line is there, or the end.
  bool ready();

  /// The file, or the name that was given.
  const std::string& name() const { return source_.name(); }
  /// Of the line that next() gave last, 1-based; not meaningful after seek().
  std::int64_t line_number() const { return line_; }
  /// "FILE:LINE" of that line.
  std::string where() const { return name() + ":" + std::to_string(line_); }

  /// Bytes of (uncompressed) text before the line that next() will give, and the way back there in a file.
  std::int64_t offset() const { return offset_; }
  void seek(std::int64_t offset);

 private:
  std::string_view rest() const { return std::string_view(buffer_).substr(used_); }
  bool too_long() const { return rest().size() > max_bytes_; }
  /// Reads more behind what is there; false at the end, nothing where more would have to be waited for.
  std::optional<bool> fill(bool wait);
  /// Where the next line or part of one ends in rest(); npos where that is not known yet.
  std::size_t end_of_part(std::size_t part_bytes) const;
  [[noreturn]] void refuse_length(std::int64_t number);
  void drop_rest_of_line();

  ByteSource source_;
  std::size_t max_bytes_;
  std::string buffer_;
  std::size_t used_ = 0;     // of buffer_
  std::size_t scanned_ = 0;  // of what is not used yet: no newline there
  std::int64_t offset_ = 0;
  std::int64_t line_ = 0;
  std::size_t column_ = 0;  // bytes of the line that earlier parts gave
  bool dropping_ = false;   // what is left of a line that was refused
};

}  // namespace phatgoose
