#include "golden.h"

#include <ATen/ATen.h>

#include "phatgoose/nn/tensor_bridge.h"

namespace phatgoose::parity {

Golden::Golden(const std::string& name)
    : numbers_(read_json((golden_path(name) / "expected.json").string())),
      tensors_(golden_path(name) / "expected.safetensors") {}

at::Tensor Golden::tensor(const std::string& name) const { return to_tensor(tensors_.at(name), at::kCPU, at::kFloat); }

std::vector<std::string> Golden::names_after(const std::string& prefix) const {
  std::vector<std::string> names;
  for (const auto& [name, view] : tensors_.tensors())
    if (name.starts_with(prefix)) names.push_back(name.substr(prefix.size()));
  return names;
}

T5Model load_model(const std::string& golden) {
  return T5Model::load(golden_path(golden) / "model", at::kCPU, at::kFloat);
}

double relative_difference(const at::Tensor& actual, const at::Tensor& expected) {
  TORCH_CHECK(actual.sizes() == expected.sizes(), "shapes ", actual.sizes(), " and ", expected.sizes());
  const auto a = actual.detach().to(at::kDouble);
  const auto e = expected.detach().to(at::kDouble);
  const double largest = e.abs().max().item<double>();
  return largest == 0.0 ? a.abs().max().item<double>() : (a - e).abs().max().item<double>() / largest;
}

}  // namespace phatgoose::parity
