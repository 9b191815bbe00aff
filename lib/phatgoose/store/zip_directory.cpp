// The zip format: APPNOTE.TXT of PKWARE, sections 4.3.7 (local header), 4.3.12 (central directory), 4.3.14 to 4.3.16
// (end records) and 4.5.3 (zip64 sizes).
#include "phatgoose/store/zip_directory.h"

#include <algorithm>

#include "phatgoose/store/byte_reader.h"
#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEnd = 0x06054b50;
constexpr std::uint32_t kEnd64 = 0x06064b50;
constexpr std::uint32_t kEnd64Locator = 0x07064b50;
constexpr std::size_t kEndBytes = 22;
constexpr std::size_t kLocatorBytes = 20;
constexpr std::size_t kMaxCommentBytes = 0xffff;
constexpr std::uint32_t kSeeZip64 = 0xffffffff;
constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint16_t kEncrypted = 1;

struct Central {
  std::uint64_t entries, offset;
};

struct Entry {
  std::string name;
  std::uint64_t size, header_offset;
};

void expect_signature(ByteReader& reader, std::uint32_t signature, const char* what) {
  if (reader.take_number<std::uint32_t>() != signature) refuse_here(std::string("no zip ") + what);
}

/// The end record: the last one whose comment reaches exactly to the end of the file.
std::size_t find_end(std::span<const std::byte> file) {
  if (file.size() >= kEndBytes) {
    const std::size_t last = file.size() - kEndBytes;
    const std::size_t first = last - std::min(last, kMaxCommentBytes);
    for (std::size_t at = last + 1; at-- > first;) {
      ByteReader reader(file.subspan(at));
      if (reader.take_number<std::uint32_t>() != kEnd) continue;
      reader.seek(kEndBytes - sizeof(std::uint16_t));
      if (reader.take_number<std::uint16_t>() == last - at) return at;
    }
  }
  constexpr std::string_view kBeginning = "PK\3\4";
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  const bool begins_well = bytes.substr(0, kBeginning.size()) == kBeginning;
  refuse_here(begins_well ? "a truncated zip file" : "not a zip file", "a file written by torch.save",
              begins_well ? kDownloadAgain : "");
}

Central find_central(std::span<const std::byte> file) {
  const std::size_t end = find_end(file);
  ByteReader reader(file);
  if (end >= kLocatorBytes) {
    reader.seek(end - kLocatorBytes);
    if (reader.take_number<std::uint32_t>() == kEnd64Locator) {
      reader.take(4);  // disk
      reader.seek(reader.take_number<std::uint64_t>());
      expect_signature(reader, kEnd64, "64-bit end record");
      reader.take(8 + 2 + 2 + 4 + 4 + 8);  // record size, versions, disks, entries on this disk
      const auto entries = reader.take_number<std::uint64_t>();
      reader.take(8);  // size of the directory
      return {entries, reader.take_number<std::uint64_t>()};
    }
  }
  reader.seek(end + 10);  // signature, disks, entries on this disk
  const auto entries = reader.take_number<std::uint16_t>();
  reader.take(4);  // size of the directory
  return {entries, reader.take_number<std::uint32_t>()};
}

/// The 64-bit values that stand in for those of `fields` that are 0xffffffff, in this order.
void apply_zip64(std::span<const std::byte> extra, std::initializer_list<std::uint64_t*> fields) {
  ByteReader reader(extra);
  while (reader.position() + 4 <= extra.size()) {
    const auto id = reader.take_number<std::uint16_t>();
    const auto part = reader.take(reader.take_number<std::uint16_t>());
    if (id != kZip64Extra) continue;
    ByteReader values(part);
    for (std::uint64_t* field : fields) {
      if (*field == kSeeZip64) *field = values.take_number<std::uint64_t>();
    }
  }
}

Entry take_entry(ByteReader& reader) {
  expect_signature(reader, kCentralHeader, "directory entry");
  reader.take(4);  // versions
  const auto flags = reader.take_number<std::uint16_t>();
  const auto method = reader.take_number<std::uint16_t>();
  reader.take(8);  // time, date, checksum
  std::uint64_t stored = reader.take_number<std::uint32_t>();
  std::uint64_t size = reader.take_number<std::uint32_t>();
  const auto name_bytes = reader.take_number<std::uint16_t>();
  const auto extra_bytes = reader.take_number<std::uint16_t>();
  const auto comment_bytes = reader.take_number<std::uint16_t>();
  reader.take(8);  // disk, attributes
  std::uint64_t header_offset = reader.take_number<std::uint32_t>();
  std::string name(reader.take_text(name_bytes));
  apply_zip64(reader.take(extra_bytes), {&size, &stored, &header_offset});
  reader.take(comment_bytes);
  if (method != 0 || (flags & kEncrypted) != 0 || stored != size) {
    refuse(name, "a compressed or encrypted zip entry", "entries stored as they are, as torch.save writes them");
  }
  return {std::move(name), size, header_offset};
}

std::span<const std::byte> contents_of(const Entry& entry, std::span<const std::byte> file) {
  ByteReader reader(file);
  reader.seek(entry.header_offset);
  expect_signature(reader, kLocalHeader, "entry header");
  reader.take(22);  // versions, flags, method, time, checksum, sizes
  const auto name_bytes = reader.take_number<std::uint16_t>();
  const auto extra_bytes = reader.take_number<std::uint16_t>();
  reader.take(name_bytes);
  reader.take(extra_bytes);
  return reader.take(entry.size);
}

}  // namespace

std::map<std::string, std::span<const std::byte>> read_zip_directory(std::span<const std::byte> file) {
  const Central central = find_central(file);
  ByteReader reader(file);
  reader.seek(central.offset);
  std::map<std::string, std::span<const std::byte>> contents;
  for (std::uint64_t i = 0; i < central.entries; ++i) {
    const Entry entry = take_entry(reader);
    in(entry.name, [&] {
      if (!contents.emplace(entry.name, contents_of(entry, file)).second)
        refuse_here("a zip entry that is there twice");
    });
  }
  return contents;
}

}  // namespace phatgoose
