#include "phatgoose/routing/expert_bank.h"

#include "phatgoose/routing/packed_expert_bank.h"
#include "phatgoose/routing/tensor_expert_bank.h"

namespace phatgoose {

std::unique_ptr<ExpertBank> make_expert_bank(std::int64_t in, std::int64_t out,
                                             std::span<const LoraEntry* const> experts, at::Device device,
                                             at::ScalarType dtype) {
  if (device.is_cpu() && dtype == at::kFloat) return std::make_unique<PackedExpertBank>(in, out, experts);
  return std::make_unique<TensorExpertBank>(in, out, experts, device, dtype);
}

}  // namespace phatgoose
