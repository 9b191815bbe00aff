#include "phatgoose/base/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "phatgoose/base/error.h"
#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

using namespace std::string_view_literals;

struct EncodingMark {
  std::string_view bytes, name;
};
/// Byte-order marks; the longer first.
constexpr std::array kMarks = {EncodingMark{"\xFF\xFE\0\0"sv, "UTF-32"}, EncodingMark{"\0\0\xFE\xFF"sv, "UTF-32"},
                               EncodingMark{"\xFF\xFE"sv, "UTF-16"}, EncodingMark{"\xFE\xFF"sv, "UTF-16"}};

constexpr const char* kHowToConvert = "iconv -f {} -t UTF-8 converts it";

/// Two ASCII characters in UTF-16 without a mark.
std::string_view unmarked_utf16(std::string_view start) {
  if (start.size() < 4) return {};
  const auto is_ascii = [&](std::size_t i) { return start[i] > 0 && start[i] <= 0x7E; };
  if (is_ascii(0) && start[1] == '\0' && is_ascii(2) && start[3] == '\0') return "UTF-16LE";
  if (start[0] == '\0' && is_ascii(1) && start[2] == '\0' && is_ascii(3)) return "UTF-16BE";
  return {};
}

}  // namespace

std::string_view foreign_encoding(std::string_view start) {
  for (const EncodingMark& mark : kMarks) {
    if (start.starts_with(mark.bytes)) return mark.name;
  }
  return unmarked_utf16(start);
}

void refuse_encoding(const std::string& where, std::string_view encoding) {
  refuse(where, fmt::format("{} text", encoding), "UTF-8", fmt::format(kHowToConvert, encoding));
}

std::optional<Fault> fault_of_line(std::string_view line, std::size_t first_column) {
  const std::size_t at = std::min(find_invalid_utf8(line), line.find('\0'));
  if (at == std::string_view::npos) return std::nullopt;
  return Fault{
      .where = fmt::format("column {}", first_column + at),
      .found = fmt::format("the byte 0x{:02X}", static_cast<unsigned char>(line[at])),
      .expected = "UTF-8 text",
      .hint = line[at] == '\0' ? "the file is not text, or damaged" : fmt::format(kHowToConvert, "ISO-8859-1")};
}

std::string read_text(const fs::path& path) {
  std::string text = read_file(path);
  if (const auto encoding = foreign_encoding(text); !encoding.empty()) refuse_encoding(path.string(), encoding);
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  std::size_t number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (auto fault = fault_of_line(std::string_view(text).substr(begin, end - begin))) {
      fault->where = fmt::format("{}:{}: {}", path.string(), number, fault->where);
      fail(ExitCode::bad_data, *std::move(fault));
    }
    begin = end + 1;
  }
  return text;
}

}  // namespace phatgoose
