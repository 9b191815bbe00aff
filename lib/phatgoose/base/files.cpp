#include "phatgoose/base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

[[noreturn]] void fail_io(ExitCode code, const fs::path& path, const std::string& action, int error) {
  fail(code,
       {.where = path.string(), .found = "cannot " + action + ": " + std::strerror(error), .expected = "", .hint = ""});
}

/// An open file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

struct OpenedFile {
  int descriptor;
  std::size_t size;
};

/// Opens a regular file for reading.
OpenedFile open_for_reading(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_io(ExitCode::bad_data, path, "open", errno);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
    ::close(descriptor);
    fail_io(ExitCode::bad_data, path, "read", error);
  }
  return {descriptor, static_cast<std::size_t>(status.st_size)};
}

void sync_directory(const fs::path& directory) {
  const Descriptor opened(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) fail_io(ExitCode::cannot_finish, directory, "sync", errno);
}

std::string as_hexadecimal(std::uint64_t value) {
  std::string digits(16, '0');
  for (std::size_t i = 16; i-- > 0; value >>= 4) digits[i] = "0123456789abcdef"[value & 15];
  return digits;
}

}  // namespace

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

std::string read_file(const fs::path& path) {
  const auto [descriptor, size] = open_for_reading(path);
  const Descriptor opened(descriptor);
  std::string content;
  content.reserve(size);
  char block[1 << 16];
  for (;;) {
    const ssize_t count = ::read(opened.get(), block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_io(ExitCode::bad_data, path, "read", errno);
    if (count == 0) return content;
    content.append(block, static_cast<std::size_t>(count));
  }
}

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  const auto [descriptor, size] = open_for_reading(path);
  const Descriptor opened(descriptor);
  if (size == 0) return;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, opened.get(), 0);
  if (address == MAP_FAILED) fail_io(ExitCode::cannot_finish, path, "map", errno);
  data_ = static_cast<const std::byte*>(address);
  size_ = size;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)), data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

void MappedFile::release(std::span<const std::byte> part) const {
  // Only whole pages can be given back; neighbours that share a page with the part stay.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(part.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(part.data() + part.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  std::string pattern = path_.string() + ".XXXXXX.tmp";
  descriptor_ = ::mkostemps(pattern.data(), 4, O_CLOEXEC);
  if (descriptor_ < 0) fail_io(ExitCode::cannot_finish, path_, "create", errno);
  temporary_ = pattern;
  // mkostemps makes files for the owner alone; a finished file gets the usual permissions.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor_, 0666 & ~mask);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* data, std::size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t count = ::write(descriptor_, next, size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_io(ExitCode::cannot_finish, path_, "write", errno);
    next += count;
    size -= static_cast<std::size_t>(count);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail_io(ExitCode::cannot_finish, path_, "sync", errno);
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_io(ExitCode::cannot_finish, path_, "close", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_io(ExitCode::cannot_finish, path_, "rename", errno);
  temporary_.clear();
  sync_directory(path_.parent_path());
}

void write_file(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content);
  file.commit();
}

void make_directories(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && !fs::is_directory(path)) error = std::make_error_code(std::errc::not_a_directory);
  if (error) fail_io(ExitCode::cannot_finish, path, "create directory", error.value());
}

std::string content_hash(std::span<const std::byte> bytes) {
  return as_hexadecimal(XXH3_64bits(bytes.data(), bytes.size()));
}

std::string content_hash_of_file(const fs::path& path) {
  const MappedFile file(path);
  constexpr std::size_t kBlock = std::size_t{1} << 24;
  XXH3_state_t* state = XXH3_createState();
  XXH3_64bits_reset(state);
  for (std::size_t at = 0; at < file.bytes().size(); at += kBlock) {
    const auto part = file.bytes().subspan(at, std::min(kBlock, file.bytes().size() - at));
    XXH3_64bits_update(state, part.data(), part.size());
    file.release(part);
  }
  const std::uint64_t hash = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return as_hexadecimal(hash);
}

}  // namespace phatgoose
