#include "phatgoose/store/safetensors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <set>
#include <string_view>

#include "phatgoose/base/error.h"
#include "phatgoose/base/json.h"

namespace phatgoose {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are stored little-endian and used in place");

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr std::size_t kLengthBytes = sizeof(std::uint64_t);
constexpr const char* kMetadataKey = "__metadata__";

struct HeaderEntry {
  std::string name;
  DType dtype;
  Shape shape;
  std::uint64_t begin, end;  ///< byte range within the data
};

/// The text between the length field and the data.
std::string_view header_text(std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) {
    refuse_here(std::to_string(bytes.size()) + " bytes", "a safetensors file of at least 8");
  }
  std::uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeaderBytes) refuse_here("a header of " + std::to_string(length) + " bytes", "at most 100000000");
  if (length > bytes.size() - kLengthBytes) {
    refuse_here("the file ends inside its header", std::to_string(length) + " bytes of header", kDownloadAgain);
  }
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  if (!text.starts_with('{')) refuse_here("the header does not start with '{'", "a JSON object");
  return text;
}

std::uint64_t parse_size(const Json& value, const char* what) {
  if (!value.is_number_unsigned()) refuse_here(std::string(what) + " " + value.dump(), "a whole number, not negative");
  const auto size = value.get<std::uint64_t>();
  if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    refuse_here(std::string(what) + " " + value.dump(), "less than 2^63");
  }
  return size;
}

const Json& member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) refuse_here(std::string("no ") + key, "dtype, shape and data_offsets");
  return *found;
}

HeaderEntry parse_entry(const std::string& name, const Json& value) {
  if (!value.is_object()) refuse_here(value.dump(), "dtype, shape and data_offsets");
  const Json& dtype_name = member(value, "dtype");
  const auto dtype = dtype_name.is_string() ? dtype_named(dtype_name.get<std::string>()) : std::nullopt;
  if (!dtype) refuse_here("dtype " + dtype_name.dump(), "F64, F32, F16, BF16, I64, I32, I16, I8, U8 or BOOL");
  const Json& shape = member(value, "shape");
  if (!shape.is_array()) refuse_here("shape " + shape.dump(), "a list of sizes");
  const Json& offsets = member(value, "data_offsets");
  if (!offsets.is_array() || offsets.size() != 2) refuse_here("data_offsets " + offsets.dump(), "[begin, end]");

  HeaderEntry entry{name, *dtype, {}, parse_size(offsets[0], "offset"), parse_size(offsets[1], "offset")};
  for (const Json& size : shape) entry.shape.push_back(static_cast<std::int64_t>(parse_size(size, "size")));
  if (entry.begin > entry.end) refuse_here("data_offsets " + offsets.dump(), "begin <= end");
  const auto bytes = byte_count_of(entry.shape, entry.dtype);
  if (!bytes) refuse_here("shape " + to_string(entry.shape), "fewer than 2^63 bytes");
  if (*bytes != entry.end - entry.begin) {
    refuse_here(std::to_string(entry.end - entry.begin) + " bytes of data",
                std::to_string(*bytes) + " for " + name_of(entry.dtype) + " " + to_string(entry.shape));
  }
  return entry;
}

/// The ranges, in order, must cover the data exactly: no overlap, no hole, nothing behind.
void check_layout(std::vector<HeaderEntry>& entries, std::uint64_t data_bytes) {
  std::ranges::stable_sort(entries, {}, [](const HeaderEntry& entry) { return std::pair(entry.begin, entry.end); });
  std::uint64_t covered = 0;
  for (const HeaderEntry& entry : entries) {
    if (entry.begin != covered) {
      refuse(entry.name, "data begins at " + std::to_string(entry.begin), std::to_string(covered));
    }
    covered = entry.end;
  }
  if (covered > data_bytes) {
    refuse_here("the file ends after " + std::to_string(data_bytes) + " bytes of data",
                std::to_string(covered) + " by the header", kDownloadAgain);
  }
  if (covered < data_bytes) {
    refuse_here(std::to_string(data_bytes) + " bytes of data", std::to_string(covered) + " by the header");
  }
}

std::map<std::string, std::string> parse_metadata(const Json& value) {
  if (value.is_null()) return {};
  if (!value.is_object()) refuse(kMetadataKey, value.dump(), "an object of strings");
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) refuse(kMetadataKey + ("." + key), text.dump(), "a string");
    metadata.emplace(key, text.get<std::string>());
  }
  return metadata;
}

/// The reference writer's order.
constexpr std::array kWritingOrder = {DType::i64, DType::f64, DType::f32, DType::i32, DType::bf16,
                                      DType::f16, DType::i16, DType::i8,  DType::u8,  DType::boolean};

/// What tensors are sorted by when they are written.
auto writing_place(const NamedTensor& tensor) {
  return std::pair(std::ranges::find(kWritingOrder, tensor.view.dtype), std::string_view(tensor.name));
}

/// The JSON header, padded with spaces so that the data start at a multiple of 8.
std::string make_header(const std::vector<NamedTensor>& tensors, const std::map<std::string, std::string>& metadata) {
  std::string text = "{";
  if (!metadata.empty()) text += '"' + std::string(kMetadataKey) + "\":" + Json(metadata).dump();
  std::uint64_t offset = 0;
  for (const auto& [name, view] : tensors) {
    const std::uint64_t end = offset + view.bytes.size();
    Json entry;
    entry["dtype"] = name_of(view.dtype);
    entry["shape"] = view.shape;
    entry["data_offsets"] = {offset, end};
    if (text.size() > 1) text += ',';
    text += Json(name).dump() + ':' + entry.dump();
    offset = end;
  }
  text += '}';
  text.append((kLengthBytes - text.size() % kLengthBytes) % kLengthBytes, ' ');
  return text;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const fs::path& path) : MappedArchive(path) {
  in(path, [&] { read_header(); });
}

void SafetensorsFile::read_header() {
  const std::string_view text = header_text(file_.bytes());
  const Json header = in("header", [&] { return parse_json(text); });
  std::vector<HeaderEntry> entries;
  for (const auto& [name, value] : header.items()) {
    if (name == kMetadataKey) {
      metadata_ = parse_metadata(value);
    } else {
      in(name, [&] { entries.push_back(parse_entry(name, value)); });
    }
  }
  const auto data = file_.bytes().subspan(kLengthBytes + text.size());
  check_layout(entries, data.size());
  for (HeaderEntry& entry : entries) {
    const auto bytes = data.subspan(entry.begin, entry.end - entry.begin);
    tensors_.emplace(std::move(entry.name), TensorView{entry.dtype, std::move(entry.shape), bytes});
  }
}

NamedTensor named_tensor(std::string name, DType dtype, Shape shape, const void* data) {
  const std::size_t size = static_cast<std::size_t>(count_of(shape)) * size_of(dtype);
  return {std::move(name), {dtype, std::move(shape), std::span(static_cast<const std::byte*>(data), size)}};
}

void write_safetensors(const fs::path& path, std::vector<NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::ranges::sort(tensors, {}, writing_place);
  std::set<std::string_view> names;
  for (const auto& [name, view] : tensors) {
    if (!names.insert(name).second || name == kMetadataKey ||
        byte_count_of(view.shape, view.dtype) != view.bytes.size()) {
      fail(ExitCode::bug, {.where = path.string() + ": " + name,
                           .found = "a tensor that cannot be written",
                           .expected = "unique names and as many bytes as the shape says"});
    }
  }
  const std::string header = make_header(tensors, metadata);
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(&length, sizeof length);
  file.write(header);
  for (const NamedTensor& tensor : tensors) file.write(tensor.view.bytes.data(), tensor.view.bytes.size());
  file.commit();
}

}  // namespace phatgoose
