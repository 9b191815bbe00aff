#include "phatgoose/adapters/merge.h"

#include <ATen/ATen.h>

#include "phatgoose/nn/tensor_bridge.h"
#include "phatgoose/store/alike_experts.h"

namespace phatgoose {
namespace {

/// Ranks of one block of stacked factors: enough for a fast product, little memory besides the update itself.
constexpr std::int64_t kBlockRanks = 1024;

at::TensorOptions single_precision(at::Device device) { return at::TensorOptions(device).dtype(at::kFloat); }

/// The LoRAs from the beginning of `loras` that make one block: at least one of them.
std::span<const LoraEntry> next_block(std::span<const LoraEntry> loras) {
  std::size_t count = 1;
  std::int64_t ranks = loras.front().rank;
  while (count < loras.size() && ranks + loras[count].rank <= kBlockRanks) ranks += loras[count++].rank;
  return loras.first(count);
}

/// update += sum over the block of share c_e B_e A_e, as one product of the stacked factors.
void add_block(const at::Tensor& update, std::span<const LoraEntry> block, double share) {
  std::int64_t ranks = 0;
  for (const LoraEntry& lora : block) ranks += lora.rank;
  const at::Tensor a = at::empty({ranks, update.size(1)}, update.options());  // [sum R, in]
  const at::Tensor b = at::empty({update.size(0), ranks}, update.options());  // [out, sum R]
  std::int64_t begin = 0;
  for (const LoraEntry& lora : block) {
    const at::Tensor rows = a.narrow(0, begin, lora.rank);  // [R, in]
    copy_into(rows, lora.a);
    rows.mul_(share * lora.scale);
    copy_into(b.narrow(1, begin, lora.rank), lora.b);
    begin += lora.rank;
  }
  update.addmm_(b, a);
}

/// The mean of the products over all `experts`, of which `loras` adapt the linear. The stacked factors are multiplied
/// in blocks, sum of ranks by sum of ranks.
at::Tensor product_update(std::span<const LoraEntry> loras, std::int64_t experts, at::Device device) {
  const LoraEntry& first = loras.front();
  const at::Tensor update = at::zeros({first.b.shape[0], first.a.shape[1]}, single_precision(device));  // [out, in]
  while (!loras.empty()) {
    const auto block = next_block(loras);
    add_block(update, block, 1.0 / static_cast<double>(experts));
    loras = loras.subspan(block.size());
  }
  return update;
}

/// The product of the means of factors, whose ranks and scales are equal.
at::Tensor factors_update(std::span<const LoraEntry> loras, at::Device device) {
  const LoraEntry& first = loras.front();
  const at::Tensor a = at::zeros(first.a.shape, single_precision(device));  // [R, in]
  const at::Tensor b = at::zeros(first.b.shape, single_precision(device));  // [out, R]
  for (const LoraEntry& lora : loras) {
    a.add_(to_tensor(lora.a, device, at::kFloat));
    b.add_(to_tensor(lora.b, device, at::kFloat));
  }
  const auto count = static_cast<double>(loras.size());
  return at::mm(b.div_(count), a.mul_(first.scale / count));  // [out, in]
}

}  // namespace

void check_mergeable(MergeRule rule, std::span<const ExpertDirectory> experts) {
  if (rule == MergeRule::factors) check_alike(experts);
}

at::Tensor merged_update(MergeRule rule, std::span<const LoraMap* const> experts, const std::string& linear,
                         at::Device device) {
  std::vector<LoraEntry> loras;
  for (const LoraMap* expert : experts) {
    const auto found = expert->find(linear);
    if (found != expert->end()) loras.push_back(found->second);
  }
  if (loras.empty()) return {};
  if (rule == MergeRule::factors) return factors_update(loras, device);
  return product_update(loras, std::ssize(experts), device);
}

}  // namespace phatgoose
