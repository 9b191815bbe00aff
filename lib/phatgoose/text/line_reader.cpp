#include "phatgoose/text/line_reader.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <vector>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kBlock = 1 << 17;

struct Signature {
  std::string_view bytes, name;
};
constexpr std::array kForeignFormats = {
    Signature{"\xFD"
              "7zXZ\0"sv,
              "xz"},
    Signature{"\x28\xB5\x2F\xFD"sv, "zstd"},
    Signature{"BZh"sv, "bzip2"},
    Signature{"PK\3\4"sv, "zip"},
    Signature{"PAR1"sv, "parquet"},
};

/// Refuses files that are neither text nor gzip as far as their first bytes tell.
void check_format(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file || fs::is_directory(path)) {
    fail(ExitCode::bad_data, {.where = path.string(),
                              .found = fs::is_directory(path) ? "a directory" : std::strerror(errno),
                              .expected = "a readable file",
                              .hint = ""});
  }
  std::array<char, 1024> head{};
  file.read(head.data(), head.size());
  const std::string_view start(head.data(), static_cast<std::size_t>(file.gcount()));
  refuse_lfs_pointer(path, start);
  for (const Signature& format : kForeignFormats) {
    if (!start.starts_with(format.bytes)) continue;
    fail(ExitCode::bad_data, {.where = path.string(),
                              .found = std::string(format.name) + " data",
                              .expected = "text, plain or gzip-compressed",
                              .hint = "convert the file first"});
  }
  if (path.extension() == ".gz" && !start.starts_with("\x1F\x8B")) {
    fail(ExitCode::bad_data, {.where = path.string(),
                              .found = start.empty() ? "an empty file" : "no gzip data",
                              .expected = "a gzip file, as its name says",
                              .hint = ""});
  }
}

}  // namespace

struct LineReader::Impl {
  fs::path path;
  gzFile file = nullptr;
  std::vector<char> block = std::vector<char>(kBlock);
  std::size_t used = 0, filled = 0;  // of block
  std::int64_t offset = 0;
  std::int64_t line = 0;
  bool in_line = false;  // the last part ended within its line

  explicit Impl(fs::path file_path) : path(std::move(file_path)) {
    check_format(path);
    file = gzopen(path.c_str(), "rb");
    if (file == nullptr) {
      fail(ExitCode::bad_data,
           {.where = path.string(), .found = std::strerror(errno), .expected = "a readable file", .hint = ""});
    }
    gzbuffer(file, kBlock);
  }
  ~Impl() { gzclose_r(file); }

  /// false at the end of the file.
  bool fill() {
    const int got = gzread(file, block.data(), static_cast<unsigned>(block.size()));
    int code = Z_OK;
    const char* message = gzerror(file, &code);
    if (got < 0 || code == Z_BUF_ERROR) {
      const bool truncated = code == Z_BUF_ERROR;
      fail(ExitCode::bad_data, {.where = path.string() + " after line " + std::to_string(line),
                                .found = truncated         ? "truncated gzip data"
                                         : code == Z_ERRNO ? std::strerror(errno)
                                                           : std::string("corrupt gzip data: ") + message,
                                .expected = "a complete file",
                                .hint = ""});
    }
    used = 0;
    filled = static_cast<std::size_t>(got);
    return filled > 0;
  }
};

LineReader::LineReader(fs::path path) : impl_(std::make_unique<Impl>(std::move(path))) {}
LineReader::~LineReader() = default;
LineReader::LineReader(LineReader&&) noexcept = default;
LineReader& LineReader::operator=(LineReader&&) noexcept = default;

bool LineReader::next(std::string& line, std::size_t max_bytes) {
  Impl& in = *impl_;
  line.clear();
  bool any = false;
  while (in.used < in.filled || in.fill()) {
    if (!any && !in.in_line) ++in.line;
    any = true;
    const std::string_view rest(in.block.data() + in.used, in.filled - in.used);
    const std::string_view before_newline = rest.substr(0, rest.find('\n'));
    const std::size_t admitted = max_bytes - std::min(max_bytes, line.size());
    const std::size_t length = std::min(before_newline.size(), before_newline.find(' ', admitted));
    const bool ended = length < rest.size();
    line.append(rest.substr(0, length));
    in.used += length + (ended ? 1 : 0);
    in.offset += static_cast<std::int64_t>(length + (ended ? 1 : 0));
    if (!ended) continue;
    in.in_line = rest[length] != '\n';
    break;
  }
  if (line.ends_with('\r')) line.pop_back();
  return any;
}

const fs::path& LineReader::path() const { return impl_->path; }
std::int64_t LineReader::line_number() const { return impl_->line; }
std::string LineReader::where() const { return impl_->path.string() + ":" + std::to_string(impl_->line); }
std::int64_t LineReader::offset() const { return impl_->offset; }

void LineReader::seek(std::int64_t offset) {
  if (offset < 0 || gzseek(impl_->file, offset, SEEK_SET) != offset) {
    fail(ExitCode::bad_data, {.where = impl_->path.string(),
                              .found = "no byte " + std::to_string(offset),
                              .expected = "the file that was read before",
                              .hint = ""});
  }
  impl_->used = impl_->filled = 0;
  impl_->offset = offset;
  impl_->in_line = false;
}

}  // namespace phatgoose
