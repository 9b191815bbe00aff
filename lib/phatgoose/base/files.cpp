#include "phatgoose/base/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include "phatgoose/base/error.h"
#include "phatgoose/base/shell.h"
#include "phatgoose/base/utf8.h"

namespace phatgoose {
namespace {

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
  if (descriptor < 0) fail_io(path, "open", ExitCode::bad_data);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0 || S_ISDIR(status.st_mode)) {
    const int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
    ::close(descriptor);
    fail_io(path, "read", ExitCode::bad_data, error);
  }
  return {descriptor, static_cast<std::size_t>(status.st_size)};
}

/// What a download stores that a server answered with a page.
void refuse_web_page(const fs::path& path, std::string_view content) {
  content.remove_prefix(std::min(content.find_first_not_of(" \t\r\n\xEF\xBB\xBF"), content.size()));
  const std::string start = ascii_lower_case(std::string(content.substr(0, 20)));
  if (!start.starts_with("<!doctype html") && !start.starts_with("<html")) return;
  refuse(path, "a web page (HTML)", "the file of this name",
         "this is a server's error page instead of the file: download it again");
}

void sync_directory(const fs::path& directory) {
  const Descriptor opened(::open(directory.empty() ? "." : directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) fail_io(directory, "sync");
}

std::string as_hexadecimal(std::uint64_t value) { return fmt::format("{:016x}", value); }

}  // namespace

bool is_file(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored);
}

fs::path full_path(const fs::path& path) {
  fs::path absolute = fs::absolute(path).lexically_normal();
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

std::string contents_of(const fs::path& path) {
  if (!fs::is_directory(path)) return path.string() + " is a file";
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(path)) names.insert(entry.path().filename().string());
  return path.string() + (names.empty() ? " is empty" : " contains " + *names.begin());
}

void refuse_lfs_pointer(const fs::path& path, std::string_view content) {
  // https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md: "version URL" first, then "oid" and "size"; below 1024
  // bytes. The second URL is that of its first releases.
  const bool versioned = content.starts_with("version https://git-lfs.github.com/spec/") ||
                         content.starts_with("version https://hawser.github.com/spec/");
  if (!versioned || content.size() >= 1024 || content.find("\noid ") == content.npos) return;
  constexpr std::string_view kSize = "\nsize ";
  const std::size_t size = content.find(kSize);
  const std::string_view rest = content.substr(size == content.npos ? content.size() : size + kSize.size());
  const std::string digits(rest.substr(0, rest.find_first_not_of("0123456789")));
  const fs::path directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  refuse(path, "a Git LFS pointer, not the file that it stands for",
         digits.empty() ? "" : "the file of " + digits + " bytes",
         "to get it, install git-lfs and run: git -C " + shell_word(directory.string()) + " lfs pull");
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
    if (count < 0) fail_io(path, "read", ExitCode::bad_data);
    if (count == 0) break;
    content.append(block, static_cast<std::size_t>(count));
  }
  refuse_lfs_pointer(path, content);
  refuse_web_page(path, content);
  return content;
}

MappedFile::MappedFile(const fs::path& path) : path_(path) {
  const auto [descriptor, size] = open_for_reading(path);
  const Descriptor opened(descriptor);
  if (size == 0) return;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, opened.get(), 0);
  if (address == MAP_FAILED) fail_io(path, "map");
  data_ = {static_cast<std::byte*>(address), Unmap{size}};
  refuse_lfs_pointer(path_, {static_cast<const char*>(address), size});
}

void MappedFile::Unmap::operator()(std::byte* data) const { ::munmap(data, size); }

void MappedFile::release(std::span<const std::byte> part) {
  // Only whole pages can be given back; neighbours that share a page with the part stay.
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(part.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<std::uintptr_t>(part.data() + part.size()) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  std::string pattern = path_.string() + ".XXXXXX.tmp";
  descriptor_ = ::mkostemps(pattern.data(), 4, O_CLOEXEC);
  if (descriptor_ < 0) fail_io(path_, "create");
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
    if (count < 0) fail_io(path_, "write");
    next += count;
    size -= static_cast<std::size_t>(count);
  }
}

void AtomicFile::commit() {
  if (::fsync(descriptor_) != 0) fail_io(path_, "sync");
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_io(path_, "close");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_io(path_, "rename");
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
  if (error) fail_io(path, "create directory", ExitCode::cannot_finish, error.value());
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
