// Named tensors of a checkpoint, whatever file format holds them. Data stays in the mapped files; nothing is copied
// here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

enum class DType { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

std::size_t size_of(DType dtype);
const char* name_of(DType dtype);  ///< safetensors spelling: "F32", "BF16", ...
std::optional<DType> dtype_named(std::string_view name);

using Shape = std::vector<std::int64_t>;

std::string to_string(const Shape& shape);  ///< "[16, 512]"
std::int64_t count_of(const Shape& shape);  ///< number of elements
/// Bytes that such a tensor takes; nothing when a size is negative or the product overflows.
std::optional<std::uint64_t> byte_count_of(const Shape& shape, DType dtype);

/// One tensor inside a mapped file: contiguous, row-major, little-endian. Valid while its archive lives. The bytes need
/// not be aligned for the dtype: copy them, do not cast them.
struct TensorView {
  DType dtype;
  Shape shape;
  std::span<const std::byte> bytes;
};

/// Read-only named tensors. Implementations validate the whole container when it is opened.
class TensorArchive {
 public:
  virtual ~TensorArchive() = default;

  /// All names in lexicographic order.
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  /// Where `name` is stored, for messages: "DIR/model.safetensors: encoder.final_layer_norm.weight".
  virtual std::string where(const std::string& name) const = 0;
  /// Lets the kernel drop the pages of a tensor that has been copied elsewhere.
  void release(const std::string& name) const { MappedFile::release(at(name).bytes); }

  bool contains(const std::string& name) const { return tensors().contains(name); }
  /// Missing: bad_data.
  const TensorView& at(const std::string& name) const;
  /// As at(), and the shape must be `shape`: bad_data otherwise.
  const TensorView& at(const std::string& name, const Shape& shape) const;

 protected:
  std::map<std::string, TensorView> tensors_;
};

/// The tensors of one file.
class MappedArchive : public TensorArchive {
 public:
  std::string where(const std::string& name) const override { return file_.path().string() + ": " + name; }

 protected:
  /// What a failed download leaves (an empty file, or the page or the message that a server answered with) is bad_data.
  explicit MappedArchive(const fs::path& path);

  MappedFile file_;
};

constexpr const char* kDownloadAgain = "the download is not complete: get the file again";

/// A file of safetensors by its extension; any other is read as torch.save writes it.
std::unique_ptr<TensorArchive> open_archive(const fs::path& path);

/// model.safetensors, model.safetensors.index.json with its shards, a zip-format pytorch_model.bin, or
/// pytorch_model.bin.index.json with its shards, in this order of preference. None of them: bad_data.
std::unique_ptr<TensorArchive> open_model_archive(const fs::path& directory);

}  // namespace phatgoose
