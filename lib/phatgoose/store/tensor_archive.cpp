#include "phatgoose/store/tensor_archive.h"

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

}  // namespace

std::size_t size_of(DType dtype) { return facts_of(dtype).size; }

const char* name_of(DType dtype) { return facts_of(dtype).name; }

std::optional<DType> dtype_named(std::string_view name) {
  const auto found =
      std::find_if(kFacts.begin(), kFacts.end(), [&](const DTypeFacts& facts) { return facts.name == name; });
  if (found == kFacts.end()) return std::nullopt;
  return static_cast<DType>(found - kFacts.begin());
}

std::string to_string(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i ? ", " : "") + std::to_string(shape[i]);
  return text + "]";
}

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
  if (view.shape != shape) {
    refuse(where(name), "shape " + to_string(view.shape), to_string(shape));
  }
  return view;
}

}  // namespace phatgoose
