#include "forward.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <numeric>
#include <vector>

#include "phatgoose/nn/loss.h"

namespace phatgoose::parity {

at::Tensor decoder_states(const T5Model& model, std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                          const Dropout* dropout) {
  const auto encoded = model.encode(pack_ids(sources, model.device()), dropout);
  const auto inputs = pack_decoder_inputs(targets, model.config().decoder_start_token_id, model.device());
  std::vector<std::int64_t> source_rows(targets.size());
  std::iota(source_rows.begin(), source_rows.end(), 0);
  return model.decode(inputs, encoded, source_rows, dropout);  // [N_tgt, D]
}

at::Tensor forward_logits(const T5Model& model, std::span<const TokenIds> sources, std::span<const TokenIds> targets) {
  const at::NoGradGuard no_gradients;
  return model.logits(decoder_states(model, sources, targets));  // [N_tgt, V]
}

at::Tensor loss_sum(const T5Model& model, std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                    const Dropout* dropout) {
  return cross_entropy_sum(decoder_states(model, sources, targets, dropout), model.head(),
                           pack_ids(targets, model.device()).ids);
}

at::Tensor mean_loss(const T5Model& model, std::span<const TokenIds> sources, std::span<const TokenIds> targets,
                     const Dropout* dropout) {
  return loss_sum(model, sources, targets, dropout) / static_cast<double>(token_count(targets));
}

std::int64_t token_count(std::span<const TokenIds> rows) {
  return std::accumulate(rows.begin(), rows.end(), std::int64_t{0}, [](std::int64_t count, const TokenIds& row) {
    return count + static_cast<std::int64_t>(row.size());
  });
}

void require_gradients(const T5Model& model) {
  for (const auto& [name, tensor] : model.storage_parameters()) tensor.set_requires_grad(true);
}

std::map<std::string, at::Tensor> base_gradients(const T5Model& model) {
  const auto stored = model.storage_parameters();
  std::map<std::string, at::Tensor> gradients;
  for (const auto& [name, tensor] : model.named_parameters()) {
    const auto owner = std::find_if(stored.begin(), stored.end(), [&tensor = tensor](const auto& candidate) {
      return candidate.second.storage().is_alias_of(tensor.storage());
    });
    TORCH_CHECK(owner != stored.end(), name, " is in no tensor that owns storage");
    TORCH_CHECK(owner->second.grad().defined(), name, " got no gradient");
    gradients[name] = owner->second.grad()
                          .flatten()
                          .narrow(0, tensor.storage_offset() - owner->second.storage_offset(), tensor.numel())
                          .view(tensor.sizes());
  }
  return gradients;
}

}  // namespace phatgoose::parity
