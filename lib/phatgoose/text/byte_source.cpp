#include "phatgoose/text/byte_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <vector>

#include "phatgoose/base/error.h"
#include "phatgoose/base/text_file.h"

namespace phatgoose {
namespace {

using namespace std::string_view_literals;

constexpr std::size_t kReadBlock = 1 << 16;
constexpr std::string_view kGzip = "\x1F\x8B";
constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, in a gzip frame

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
constexpr std::size_t kLongestSignature = 6;

/// Whether more bytes could still make a signature of what a file begins with.
bool may_become_signature(std::string_view start) {
  const auto begins = [&](std::string_view bytes) { return start.size() < bytes.size() && bytes.starts_with(start); };
  return begins(kGzip) || std::ranges::any_of(kForeignFormats, begins, &Signature::bytes);
}

/// Refuses files that are neither text nor gzip as far as their first bytes tell.
void check_format(const fs::path& path, std::string_view start) {
  for (const Signature& format : kForeignFormats) {
    if (!start.starts_with(format.bytes)) continue;
    refuse(path.string(), std::string(format.name) + " data", "text, plain or gzip-compressed",
           "convert the file first");
  }
  if (path.extension() == ".gz" && !start.starts_with(kGzip)) {
    refuse(path.string(), start.empty() ? "an empty file" : "no gzip data", "a gzip file, as its name says");
  }
}

}  // namespace

struct ByteSource::Impl {
  std::string name;
  int descriptor;
  bool owned;
  bool regular = false;
  bool begun = false;  // the format is known
  bool compressed = false;
  bool in_member = false;  // of a gzip file: its parts follow one another
  bool checked = false;    // the encoding, by the first bytes of the text
  std::vector<char> raw = std::vector<char>(kReadBlock);
  std::size_t used = 0, filled = 0;  // of raw
  z_stream inflater{};

  Impl(int opened, std::string given, bool own) : name(std::move(given)), descriptor(opened), owned(own) {
    struct stat status {};
    regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
  }
  ~Impl() {
    if (compressed) ::inflateEnd(&inflater);
    if (owned) ::close(descriptor);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string_view rest() const { return {raw.data() + used, filled - used}; }

  bool readable() const {
    pollfd asked{descriptor, POLLIN, 0};
    return ::poll(&asked, 1, 0) != 0;  // an error shows when reading
  }

  std::optional<std::size_t> read_raw(char* to, std::size_t size, bool wait) const {
    if (!wait && !readable()) return std::nullopt;
    for (;;) {
      const ssize_t count = ::read(descriptor, to, size);
      if (count >= 0) return static_cast<std::size_t>(count);
      if (errno != EINTR) fail_io(name, "read", ExitCode::bad_data);
    }
  }

  /// Appends to `raw`.
  std::optional<std::size_t> fill(bool wait) {
    if (used == filled) used = filled = 0;
    const auto count = read_raw(raw.data() + filled, raw.size() - filled, wait);
    filled += count.value_or(0);
    return count;
  }

  /// Reads as much as the format needs to be told; false where that is not there yet. No signature goes beyond the
  /// first line, so nobody waits here for more than the first row.
  bool begin(bool wait) {
    while (!begun) {
      const auto count = filled == 0 || may_become_signature(rest()) ? fill(wait) : std::optional<std::size_t>(0);
      if (!count) return false;
      if (*count > 0 && may_become_signature(rest())) continue;
      refuse_lfs_pointer(name, rest());
      check_format(name, rest().substr(0, kLongestSignature));
      begun = true;
      compressed = rest().starts_with(kGzip);
      if (compressed && ::inflateInit2(&inflater, kGzipWindow) != Z_OK) throw std::bad_alloc();
      in_member = compressed;
    }
    return true;
  }

  /// Between two members of a gzip file, which zeros may fill: whether another one begins. Nothing: not known yet.
  std::optional<bool> next_member(bool wait, const std::string& where) {
    for (;;) {
      while (used < filled && raw[used] == '\0') ++used;
      if (used < filled) break;
      const auto count = fill(wait);
      if (!count) return std::nullopt;
      if (*count == 0) return false;
    }
    if (raw[used] != kGzip.front()) refuse(where, "bytes after the end of the gzip data", "a complete file");
    ::inflateReset(&inflater);
    return in_member = true;
  }

  std::optional<std::size_t> read_inflated(std::span<char> to, bool wait, const std::string& where) {
    for (;;) {
      if (!in_member) {
        const auto another = next_member(wait, where);
        if (!another) return std::nullopt;
        if (!*another) return 0;
      }
      if (used == filled) {
        const auto count = fill(wait);
        if (!count) return std::nullopt;
        if (*count == 0) refuse(where, "truncated gzip data", "a complete file");
      }
      inflater.next_in = reinterpret_cast<Bytef*>(raw.data() + used);
      inflater.avail_in = static_cast<uInt>(filled - used);
      inflater.next_out = reinterpret_cast<Bytef*>(to.data());
      inflater.avail_out = static_cast<uInt>(to.size());
      const int code = ::inflate(&inflater, Z_NO_FLUSH);
      used = filled - inflater.avail_in;
      if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR) {
        refuse(where, std::string("corrupt gzip data: ") + (inflater.msg != nullptr ? inflater.msg : ::zError(code)),
               "a complete file");
      }
      in_member = code != Z_STREAM_END;
      if (const std::size_t got = to.size() - inflater.avail_out; got > 0) return got;
    }
  }

  std::optional<std::size_t> read_plain(std::span<char> to, bool wait) {
    if (used == filled) return read_raw(to.data(), to.size(), wait);
    const std::size_t count = std::min(to.size(), filled - used);
    std::copy_n(raw.data() + used, count, to.data());
    used += count;
    return count;
  }

  /// Encodings that are told by a mark, or by zeros in the first bytes.
  void check_encoding(std::string_view start) {
    checked = true;
    if (const auto encoding = foreign_encoding(start); !encoding.empty()) refuse_encoding(name, encoding);
  }

  void rewind() {
    if (!regular || ::lseek(descriptor, 0, SEEK_SET) != 0) refuse(name, "a pipe", "a file, to go back in");
    if (compressed) ::inflateReset(&inflater);
    in_member = compressed;
    used = filled = 0;
  }
};

ByteSource::ByteSource(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) refuse(path.string(), std::strerror(errno), "a readable file");
  impl_ = std::make_unique<Impl>(descriptor, path.string(), /*own=*/true);
  if (fs::is_directory(path)) refuse(path.string(), "a directory", "a readable file");
  if (impl_->regular) impl_->begin(/*wait=*/true);
}

ByteSource::ByteSource(int descriptor, std::string name)
    : impl_(std::make_unique<Impl>(descriptor, std::move(name), /*own=*/false)) {}

ByteSource::~ByteSource() = default;
ByteSource::ByteSource(ByteSource&&) noexcept = default;
ByteSource& ByteSource::operator=(ByteSource&&) noexcept = default;

const std::string& ByteSource::name() const { return impl_->name; }

std::optional<std::size_t> ByteSource::read(std::span<char> to, bool wait, const std::string& where) {
  if (!impl_->begin(wait)) return std::nullopt;
  const auto count = impl_->compressed ? impl_->read_inflated(to, wait, where) : impl_->read_plain(to, wait);
  if (count && !impl_->checked) impl_->check_encoding({to.data(), *count});
  return count;
}

void ByteSource::seek(std::int64_t offset) {
  Impl& self = *impl_;
  const auto refuse_offset = [&] {
    refuse(self.name, "no byte " + std::to_string(offset), "the file that was read before");
  };
  if (offset < 0) refuse_offset();
  self.begin(/*wait=*/true);
  self.rewind();
  if (!self.compressed) {
    if (::lseek(self.descriptor, offset, SEEK_SET) != offset) refuse_offset();
    return;
  }
  std::vector<char> skipped(kReadBlock);
  for (std::int64_t left = offset; left > 0;) {
    const auto part = std::span(skipped).first(static_cast<std::size_t>(std::min<std::int64_t>(left, kReadBlock)));
    const std::size_t count = *read(part, /*wait=*/true, self.name);
    if (count == 0) return;
    left -= static_cast<std::int64_t>(count);
  }
}

}  // namespace phatgoose
