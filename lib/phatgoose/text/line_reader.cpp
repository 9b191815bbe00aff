#include "phatgoose/text/line_reader.h"

#include <algorithm>
#include <array>
#include <utility>

namespace phatgoose {

std::optional<bool> LineReader::fill(bool wait) {
  std::array<char, 1 << 16> block;
  const auto got = source_.read(block, wait, name() + " after line " + std::to_string(line_));
  if (!got) return std::nullopt;
  buffer_.erase(0, std::exchange(used_, 0));
  buffer_.append(block.data(), *got);
  return *got > 0;
}

std::size_t LineReader::end_of_part(std::size_t part_bytes) const {
  const std::string_view text = rest();
  const std::size_t newline = text.find('\n', scanned_);
  return std::min(newline, part_bytes == kWholeLines ? part_bytes : text.find(' ', part_bytes));
}

void LineReader::refuse_length(std::int64_t number) {
  line_ = number;
  dropping_ = true;
  throw LineError({.where = where(),
                   .found = "a line of more than " + std::to_string(max_bytes_) + " bytes",
                   .expected = "shorter lines",
                   .hint = "--max-line-bytes N admits longer ones"});
}

void LineReader::drop_rest_of_line() {
  column_ = scanned_ = 0;
  for (dropping_ = false;;) {
    const std::size_t newline = rest().find('\n');
    const std::size_t taken = newline == std::string_view::npos ? rest().size() : newline + 1;
    used_ += taken;
    offset_ += static_cast<std::int64_t>(taken);
    if (newline != std::string_view::npos || !*fill(/*wait=*/true)) return;
  }
}

bool LineReader::next(std::string& line, std::size_t part_bytes) {
  line.clear();
  if (dropping_) drop_rest_of_line();
  const std::int64_t number = line_ + (column_ == 0 ? 1 : 0);
  std::size_t end = end_of_part(part_bytes);
  while (end == std::string::npos) {
    scanned_ = rest().size();
    if (too_long()) refuse_length(number);
    end = *fill(/*wait=*/true) ? end_of_part(part_bytes) : rest().size();
  }
  scanned_ = 0;
  if (rest().empty()) return false;
  if (end > max_bytes_) refuse_length(number);
  std::string_view text = rest().substr(0, end);
  const bool whole = end == rest().size() || rest()[end] == '\n';
  line_ = number;
  if (offset_ == 0 && text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (whole && text.ends_with('\r')) text.remove_suffix(1);
  const std::size_t first_column = column_ + 1;
  const std::size_t taken = std::min(end + 1, rest().size());
  column_ = whole ? 0 : column_ + taken;
  used_ += taken;
  offset_ += static_cast<std::int64_t>(taken);
  if (auto fault = fault_of_line(text, first_column)) {
    fault->where = where() + ": " + fault->where;
    throw LineError(*std::move(fault));
  }
  line = text;
  return true;
}

bool LineReader::ready() {
  if (dropping_) return false;
  while (end_of_part(kWholeLines) == std::string::npos && !too_long()) {
    scanned_ = rest().size();
    const std::optional<bool> more = fill(/*wait=*/false);
    if (!more) return false;
    if (!*more) break;
  }
  return true;
}

void LineReader::seek(std::int64_t offset) {
  source_.seek(offset);
  buffer_.clear();
  used_ = scanned_ = column_ = 0;
  dropping_ = false;
  offset_ = offset;
}

}  // namespace phatgoose
