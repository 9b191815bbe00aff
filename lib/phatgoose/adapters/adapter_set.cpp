#include "phatgoose/adapters/adapter_set.h"

#include <ATen/ATen.h>

#include <cmath>

#include "phatgoose/adapters/expert_parameters.h"
#include "phatgoose/base/error.h"

namespace phatgoose {

std::unique_ptr<AdapterSet> load_adapters(const ExpertDirectory& expert, const std::vector<LinearGroupSpec>& groups,
                                          at::Device device) {
  return std::make_unique<ExpertParameters>(ExpertParameters::load(expert, groups, device));
}

std::vector<std::string> save_lora(const fs::path& directory, const std::vector<LinearLora>& lora,
                                   const std::string& base_name, const std::vector<std::string>& base_linears,
                                   at::ScalarType dtype) {
  std::vector<at::Tensor> kept;
  std::vector<LoraTensors> tensors;
  for (const LinearLora& linear : lora) {
    for (const at::Tensor& factor : {linear.a, linear.b}) {
      kept.push_back(factor.detach().to(at::kCPU, dtype).contiguous());
    }
    tensors.push_back({.path = linear.path,
                       .in = linear.a.size(1),
                       .out = linear.b.size(0),
                       .rank = linear.a.size(0),
                       .a = kept[kept.size() - 2].const_data_ptr(),
                       .b = kept.back().const_data_ptr(),
                       .dtype = dtype == at::kBFloat16 ? DType::bf16 : DType::f32});
  }
  write_adapter(directory, tensors, common_alpha(lora), base_name, base_linears);
  return {"adapter_config.json", "adapter_model.safetensors"};
}

double common_alpha(const std::vector<LinearLora>& lora) {
  std::optional<double> alpha;
  for (const LinearLora& linear : lora) {
    const double own = linear.scale * static_cast<double>(linear.a.size(0));
    if (std::abs(alpha.value_or(own) - own) > 1e-9 * std::abs(own)) {
      refuse(linear.path, "alpha " + std::to_string(own),
             "the same alpha for every linear (" + std::to_string(*alpha) + ")",
             "continue from an adapter with one alpha");
    }
    alpha = alpha.value_or(own);
  }
  return alpha.value_or(1.0);
}

}  // namespace phatgoose
