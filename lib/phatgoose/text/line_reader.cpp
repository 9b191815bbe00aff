#include "phatgoose/text/line_reader.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "phatgoose/base/error.h"
#include "phatgoose/text/byte_source.h"

namespace phatgoose {
namespace {

constexpr std::size_t kLineBlock = 1 << 16;

}  // namespace

struct LineReader::Impl {
  ByteSource source;
  std::size_t max_bytes;
  std::string buffer = {};
  std::size_t used = 0;     // of buffer
  std::size_t scanned = 0;  // of what is not used yet: no newline there
  std::int64_t offset = 0;
  std::int64_t line = 0;
  std::size_t column = 0;  // bytes of the line that earlier parts gave
  bool dropping = false;   // what is left of a line that was refused

  std::string_view rest() const { return std::string_view(buffer).substr(used); }
  std::string where() const { return source.name() + ":" + std::to_string(line); }

  /// Reads more behind what is there; false at the end, nothing where more would have to be waited for.
  std::optional<bool> fill(bool wait) {
    std::array<char, kLineBlock> block;
    const auto got = source.read(block, wait, source.name() + " after line " + std::to_string(line));
    if (!got) return std::nullopt;
    buffer.erase(0, std::exchange(used, 0));
    buffer.append(block.data(), *got);
    return *got > 0;
  }

  /// Where the next line or part of one ends in rest(); npos where that is not known yet.
  std::size_t end_of_part(std::size_t part_bytes) const {
    const std::string_view text = rest();
    const std::size_t newline = text.find('\n', scanned);
    return std::min(newline, part_bytes == kWholeLines ? part_bytes : text.find(' ', part_bytes));
  }

  bool too_long() const { return rest().size() > max_bytes; }

  [[noreturn]] void refuse_length(std::int64_t number) {
    line = number;
    dropping = true;
    throw LineError({.where = where(),
                     .found = "a line of more than " + std::to_string(max_bytes) + " bytes",
                     .expected = "shorter lines",
                     .hint = "--max-line-bytes N admits longer ones"});
  }

  void drop_rest_of_line() {
    column = scanned = 0;
    for (dropping = false;;) {
      const std::size_t newline = rest().find('\n');
      const std::size_t taken = newline == std::string_view::npos ? rest().size() : newline + 1;
      used += taken;
      offset += static_cast<std::int64_t>(taken);
      if (newline != std::string_view::npos || !*fill(/*wait=*/true)) return;
    }
  }
};

LineReader::LineReader(const fs::path& path, std::size_t max_line_bytes)
    : impl_(new Impl{ByteSource(path), max_line_bytes}) {}
LineReader::LineReader(int descriptor, std::string name, std::size_t max_line_bytes)
    : impl_(new Impl{ByteSource(descriptor, std::move(name)), max_line_bytes}) {}
LineReader::~LineReader() = default;
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;

bool LineReader::next(std::string& line, std::size_t part_bytes) {
  Impl& in = *impl_;
  line.clear();
  if (in.dropping) in.drop_rest_of_line();
  const std::int64_t number = in.line + (in.column == 0 ? 1 : 0);
  std::size_t end = in.end_of_part(part_bytes);
  while (end == std::string::npos) {
    in.scanned = in.rest().size();
    if (in.too_long()) in.refuse_length(number);
    end = *in.fill(/*wait=*/true) ? in.end_of_part(part_bytes) : in.rest().size();
  }
  in.scanned = 0;
  if (in.rest().empty()) return false;
  if (end > in.max_bytes) in.refuse_length(number);
  std::string_view text = in.rest().substr(0, end);
  const bool whole = end == in.rest().size() || in.rest()[end] == '\n';
  in.line = number;
  if (in.offset == 0 && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (whole && text.ends_with('\r')) text.remove_suffix(1);
  const std::size_t first_column = in.column + 1;
  const std::size_t taken = std::min(end + 1, in.rest().size());
  in.column = whole ? 0 : in.column + taken;
  in.used += taken;
  in.offset += static_cast<std::int64_t>(taken);
  if (auto fault = fault_of_line(text, first_column)) {
    fault->where = in.where() + ": " + fault->where;
    throw LineError(*std::move(fault));
  }
  line = text;
  return true;
}

bool LineReader::ready() {
  Impl& in = *impl_;
  if (in.dropping) return false;
  while (in.end_of_part(kWholeLines) == std::string::npos && !in.too_long()) {
    in.scanned = in.rest().size();
    const std::optional<bool> more = in.fill(/*wait=*/false);
    if (!more) return false;
    if (!*more) break;
  }
  return true;
}

const std::string& LineReader::name() const { return impl_->source.name(); }
std::int64_t LineReader::line_number() const { return impl_->line; }
std::string LineReader::where() const { return impl_->where(); }
std::int64_t LineReader::offset() const { return impl_->offset; }

void LineReader::seek(std::int64_t offset) {
  impl_->source.seek(offset);
  impl_->buffer.clear();
  impl_->used = impl_->scanned = impl_->column = 0;
  impl_->dropping = false;
  impl_->offset = offset;
}

}  // namespace phatgoose
