#include "phatgoose/store/tensor_hash.h"

namespace phatgoose {

std::string tensor_hash(const std::map<std::string, TensorView>& tensors) {
  std::string lines;
  for (const auto& [name, view] : tensors) {
    lines += name + ' ' + name_of(view.dtype) + ' ' + to_string(view.shape) + ' ' + content_hash(view.bytes) + '\n';
  }
  return content_hash(std::as_bytes(std::span(lines)));
}

}  // namespace phatgoose
