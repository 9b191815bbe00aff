// What torch/serialization.py and torch/_utils.py write: each tensor is a call of _rebuild_tensor_v2(storage, offset,
// size, stride, requires_grad, hooks), perhaps inside _rebuild_parameter(tensor, requires_grad, hooks); a storage is
// the persistent id ('storage', its class, entry name, device, number of elements).
#include "phatgoose/store/torch_zip.h"

#include <algorithm>
#include <optional>
#include <set>

#include "phatgoose/base/error.h"
#include "phatgoose/store/pickle.h"
#include "phatgoose/store/zip_directory.h"

namespace phatgoose {
namespace {

using Kind = PickleNode::Kind;
using Entries = std::map<std::string, std::span<const std::byte>>;

constexpr const char* kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr const char* kRebuildParameter = "torch._utils._rebuild_parameter";
constexpr const char* kHowToConvert =
    "convert it once in Python: torch.save({k: v.contiguous() for k, v in torch.load(FILE, map_location='cpu', "
    "weights_only=True).items()}, FILE)";

const std::map<std::string, DType>& storage_dtypes() {
  static const std::map<std::string, DType> dtypes = {
      {"torch.DoubleStorage", DType::f64},    {"torch.FloatStorage", DType::f32}, {"torch.HalfStorage", DType::f16},
      {"torch.BFloat16Storage", DType::bf16}, {"torch.LongStorage", DType::i64},  {"torch.IntStorage", DType::i32},
      {"torch.ShortStorage", DType::i16},     {"torch.CharStorage", DType::i8},   {"torch.ByteStorage", DType::u8},
      {"torch.BoolStorage", DType::boolean}};
  return dtypes;
}

std::set<std::string> allowed_globals() {
  std::set<std::string> names = {"collections.OrderedDict", kRebuildTensor, kRebuildParameter};
  for (const auto& [name, dtype] : storage_dtypes()) names.insert(name);
  return names;
}

/// The zip directory without the name of the folder that torch.save puts everything in.
Entries read_entries(std::span<const std::byte> bytes) {
  if (bytes.size() >= 2 && bytes[0] == std::byte{0x80}) {
    refuse_here("PyTorch's format from before version 1.6", "the zip format", kHowToConvert);
  }
  Entries all = read_zip_directory(bytes), entries;
  const auto pickle = std::find_if(all.begin(), all.end(), [](const auto& entry) {
    return entry.first.ends_with("/data.pkl") && entry.first.find('/') == entry.first.rfind('/');
  });
  if (pickle == all.end()) refuse_here("a zip file without FOLDER/data.pkl", "a file written by torch.save");
  const std::string folder = pickle->first.substr(0, pickle->first.find('/') + 1);
  for (const auto& [name, contents] : all) {
    if (name.starts_with(folder)) entries.emplace(name.substr(folder.size()), contents);
  }
  if (const auto order = entries.find("byteorder"); order != entries.end()) {
    const std::string text(reinterpret_cast<const char*>(order->second.data()), order->second.size());
    if (text != "little") refuse_here("byte order \"" + text + "\"", "little");
  }
  return entries;
}

/// Turns the objects of one pickle into tensors on the entries of its zip file.
class TensorResolver {
 public:
  explicit TensorResolver(const Entries& entries) : entries_(entries) {}

  TensorView resolve(const PickleNode& value) const {
    if (is_call(value, kRebuildParameter)) return resolve_tensor(argument(value, 0, Kind::call));
    return resolve_tensor(value);
  }

 private:
  struct Storage {
    DType dtype;
    std::span<const std::byte> bytes;
  };

  static bool is_call(const PickleNode& value, const char* function) {
    return value.kind == Kind::call && value.items[0]->text == function;
  }

  const PickleNode& item(const PickleNode& container, std::size_t index, Kind kind) const {
    if (index >= container.items.size() || container.items[index]->kind != kind) {
      refuse_here("a tensor described in an unknown way",
                  std::string(name_of(kind)) + " at place " + std::to_string(index));
    }
    return *container.items[index];
  }

  const PickleNode& argument(const PickleNode& call, std::size_t index, Kind kind) const {
    return item(*call.items[1], index, kind);
  }

  Shape sizes(const PickleNode& tuple) const {
    Shape sizes;
    for (std::size_t i = 0; i < tuple.items.size(); ++i) sizes.push_back(item(tuple, i, Kind::integer).integer);
    return sizes;
  }

  Storage resolve_storage(const PickleNode& persistent) const {
    const PickleNode& id = item(persistent, 0, Kind::tuple);
    if (item(id, 0, Kind::text).text != "storage") refuse_here("a persistent " + id.items[0]->text, "a storage");
    const auto dtype = storage_dtypes().find(item(id, 1, Kind::global).text);
    if (dtype == storage_dtypes().end()) refuse_here("a storage of " + id.items[1]->text, "a torch storage class");
    const std::string& key = item(id, 2, Kind::text).text;
    const auto entry = entries_.find("data/" + key);
    if (entry == entries_.end()) refuse_here("no zip entry data/" + key, "the tensor's storage");
    const auto bytes = byte_count_of({item(id, 4, Kind::integer).integer}, dtype->second);
    if (bytes != entry->second.size()) {
      refuse_here("a storage of " + std::to_string(entry->second.size()) + " bytes",
                  bytes ? std::to_string(*bytes) : "a possible size");
    }
    return {dtype->second, entry->second};
  }

  TensorView resolve_tensor(const PickleNode& value) const {
    if (!is_call(value, kRebuildTensor)) refuse_here(name_of(value.kind), "a tensor");
    const Storage storage = resolve_storage(argument(value, 0, Kind::persistent));
    const std::int64_t offset = argument(value, 1, Kind::integer).integer;
    const Shape shape = sizes(argument(value, 2, Kind::tuple));
    const auto bytes = byte_count_of(shape, storage.dtype);
    if (!bytes) refuse_here("shape " + to_string(shape), "possible sizes");
    if (*bytes > 0) check_contiguous(shape, sizes(argument(value, 3, Kind::tuple)));
    const std::uint64_t available = storage.bytes.size();
    const auto skipped = byte_count_of({offset}, storage.dtype);
    if (!skipped || *skipped > available || *bytes > available - *skipped) {
      refuse_here(to_string(shape) + " at element " + std::to_string(offset),
                  "a tensor inside its storage of " + std::to_string(available) + " bytes");
    }
    return {storage.dtype, shape, storage.bytes.subspan(*skipped, *bytes)};
  }

  void check_contiguous(const Shape& shape, const Shape& strides) const {
    if (shape.size() != strides.size()) refuse_here("strides " + to_string(strides), "one for each size");
    std::int64_t expected = 1;
    for (std::size_t i = shape.size(); i-- > 0;) {
      if (shape[i] != 1 && strides[i] != expected) {
        refuse_here("strides " + to_string(strides) + " for shape " + to_string(shape), "a contiguous tensor",
                    kHowToConvert);
      }
      expected *= shape[i];
    }
  }

  const Entries& entries_;
};

}  // namespace

TorchZipFile::TorchZipFile(const fs::path& path) : MappedArchive(path) {
  in(path, [&] { read_tensors(); });
}

void TorchZipFile::read_tensors() {
  const Entries entries = read_entries(file_.bytes());
  const Pickle pickle = in("data.pkl", [&] { return Pickle(entries.at("data.pkl"), allowed_globals()); });
  const PickleNode& root = pickle.root();
  if (root.kind != Kind::dict) refuse_here(name_of(root.kind), "a dictionary of tensors");
  const TensorResolver resolver(entries);
  for (std::size_t i = 0; i < root.items.size(); i += 2) {
    const PickleNode& key = *root.items[i];
    if (key.kind != Kind::text) refuse_here(std::string(name_of(key.kind)) + " as a key", "tensor names");
    in(key.text, [&] {
      const TensorView view = resolver.resolve(*root.items[i + 1]);
      if (!tensors_.emplace(key.text, view).second) refuse_here("the same name twice", "unique names");
    });
  }
}

}  // namespace phatgoose
