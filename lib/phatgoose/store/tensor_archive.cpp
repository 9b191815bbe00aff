#include "phatgoose/store/tensor_archive.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <limits>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

struct DTypeFacts {
  const char* name;
  std::size_t size;
};

// Indexed by DType.
constexpr std::array<DTypeFacts, 10> kFacts = {{{"F64", 8},
                                                {"F32", 4},
                                                {"F16", 2},
                                                {"BF16", 2},
                                                {"I64", 8},
                                                {"I32", 4},
                                                {"I16", 2},
                                                {"I8", 1},
                                                {"U8", 1},
                                                {"BOOL", 1}}};

const DTypeFacts& facts_of(DType dtype) { return kFacts.at(static_cast<std::size_t>(dtype)); }

constexpr std::size_t kTellingBytes = 8;
constexpr std::size_t kShownBytes = 40;

bool is_printable(char byte) { return byte >= ' ' && byte <= '~'; }
bool is_printable_or_space(char byte) { return is_printable(byte) || byte == '\n' || byte == '\r' || byte == '\t'; }

/// No format of weights begins with eight printable characters.
void refuse_failed_download(const MappedFile& file) {
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  if (text.empty()) refuse(file.path(), "an empty file", "weights", kDownloadAgain);
  const std::string_view start = text.substr(0, kTellingBytes);
  if (start.size() < kTellingBytes || !std::ranges::all_of(start, is_printable_or_space)) return;
  const std::string_view line = text.substr(std::min(text.find_first_not_of(" \t\r\n"), text.size()), kShownBytes);
  const std::string shown(line.begin(), std::ranges::find_if_not(line, is_printable));
  refuse(file.path(), "text that begins with \"" + shown + "\"", "weights",
         "this is a server's error page instead of the file: download it again");
}

}  // namespace

std::size_t size_of(DType dtype) { return facts_of(dtype).size; }

const char* name_of(DType dtype) { return facts_of(dtype).name; }

std::optional<DType> dtype_named(std::string_view name) {
  const auto* found = std::ranges::find(kFacts, name, &DTypeFacts::name);
  if (found == kFacts.end()) return std::nullopt;
  return static_cast<DType>(found - kFacts.begin());
}

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

std::int64_t count_of(const Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

std::optional<std::uint64_t> byte_count_of(const Shape& shape, DType dtype) {
  std::uint64_t bytes = size_of(dtype);
  for (const std::int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<std::uint64_t>(size), &bytes)) return std::nullopt;
  }
  if (bytes > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return std::nullopt;
  return bytes;
}

const TensorView& TensorArchive::at(const std::string& name) const {
  const auto found = tensors().find(name);
  if (found == tensors().end()) refuse(where(name), "there is no such tensor");
  return found->second;
}

const TensorView& TensorArchive::at(const std::string& name, const Shape& shape) const {
  const TensorView& view = at(name);
  if (view.shape != shape) refuse(where(name), "shape " + to_string(view.shape), to_string(shape));
  return view;
}

MappedArchive::MappedArchive(const fs::path& path) : file_(path) { refuse_failed_download(file_); }

}  // namespace phatgoose
