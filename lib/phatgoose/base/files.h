// Files: whole reads, read-only mappings, and writes that either appear complete or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace phatgoose {

namespace fs = std::filesystem;

/// Whether there is such a regular file (links followed); false where it cannot be reached.
bool is_file(const fs::path& path);
/// Absolute, without a slash at the end, so that it has a parent and a name.
fs::path full_path(const fs::path& path);
/// What stands in the way of a new directory, for messages: "PATH is a file", "PATH contains ENTRY" (the first by
/// name).
std::string contents_of(const fs::path& path);

/// Refuses (bad_data) a file that is a Git LFS pointer: the few lines that a clone without git-lfs has in place of a
/// large file. `content`: all of the file, or its beginning. read_file and MappedFile call it.
void refuse_lfs_pointer(const fs::path& path, std::string_view content);

/// The whole file. Missing, unreadable, a Git LFS pointer or a web page (which nothing that is read whole can be):
/// bad_data.
std::string read_file(const fs::path& path);

/// A read-only memory mapping of a whole file; empty files give an empty span, Git LFS pointers are bad_data.
class MappedFile {
 public:
  explicit MappedFile(const fs::path& path);

  std::span<const std::byte> bytes() const { return {data_.get(), data_ ? data_.get_deleter().size : 0}; }
  const fs::path& path() const { return path_; }
  /// Tells the kernel that these bytes, a part of some mapping, will not be read again, so that they do not count as
  /// resident.
  static void release(std::span<const std::byte> part);

 private:
  struct Unmap {
    std::size_t size;
    void operator()(std::byte* data) const;
  };

  fs::path path_;
  std::unique_ptr<std::byte[], Unmap> data_;
};

/// A file being written under a temporary name in its final directory. commit() syncs it, renames it into place and
/// syncs the directory; without commit() the destructor removes it. Every failure is a cannot_finish error.
class AtomicFile {
 public:
  explicit AtomicFile(fs::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t size);
  void write(std::string_view text) { write(text.data(), text.size()); }
  void commit();

 private:
  fs::path path_;
  fs::path temporary_;
  int descriptor_ = -1;
};

/// AtomicFile in one call.
void write_file(const fs::path& path, std::string_view content);

/// Creates a directory and its parents; cannot_finish with the reason otherwise.
void make_directories(const fs::path& path);

/// 64-bit XXH3 of bytes or of a file, as 16 lowercase hexadecimal digits.
std::string content_hash(std::span<const std::byte> bytes);
std::string content_hash_of_file(const fs::path& path);

}  // namespace phatgoose
