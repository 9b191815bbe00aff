#include "phatgoose/nn/tensor_bridge.h"

#include <ATen/ATen.h>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

at::ScalarType scalar_type_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return at::kDouble;
    case DType::f32:
      return at::kFloat;
    case DType::f16:
      return at::kHalf;
    case DType::bf16:
      return at::kBFloat16;
    case DType::i64:
      return at::kLong;
    case DType::i32:
      return at::kInt;
    case DType::i16:
      return at::kShort;
    case DType::i8:
      return at::kChar;
    case DType::u8:
      return at::kByte;
    case DType::boolean:
      return at::kBool;
  }
  fail(ExitCode::bug, {.where = "tensor", .found = "an unknown dtype"});
}

DType dtype_of(at::ScalarType type) {
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i64, DType::i32, DType::i16,
                            DType::i8, DType::u8, DType::boolean})
    if (scalar_type_of(dtype) == type) return dtype;
  fail(ExitCode::bug, {.where = "tensor", .found = std::string("dtype ") + c10::toString(type) + " cannot be stored"});
}

/// The stored bytes as a tensor, without copying. Data in a file may lie at any address, so what is not aligned is
/// copied.
at::Tensor as_tensor(const TensorView& view) {
  const auto options = at::TensorOptions(scalar_type_of(view.dtype));
  auto* data = const_cast<std::byte*>(view.bytes.data());  // only read from
  if (reinterpret_cast<std::uintptr_t>(data) % size_of(view.dtype) == 0)
    return at::from_blob(data, view.shape, options);
  at::Tensor copy = at::empty(view.shape, options);
  std::copy(view.bytes.begin(), view.bytes.end(), static_cast<std::byte*>(copy.mutable_data_ptr()));
  return copy;
}

}  // namespace

at::Tensor to_tensor(const TensorView& view, at::Device device, at::ScalarType dtype) {
  at::Tensor tensor = at::empty(view.shape, at::TensorOptions(device).dtype(dtype));
  copy_into(tensor, view);
  return tensor;
}

void copy_into(at::Tensor target, const TensorView& view) {
  if (!view.bytes.empty()) target.copy_(as_tensor(view));
}

NamedTensor to_named(std::string name, const at::Tensor& tensor) {
  const auto* data = static_cast<const std::byte*>(tensor.const_data_ptr());
  return {std::move(name), {dtype_of(tensor.scalar_type()), shape_of(tensor), {data, tensor.nbytes()}}};
}

Shape shape_of(const at::Tensor& tensor) { return tensor.sizes().vec(); }

}  // namespace phatgoose
