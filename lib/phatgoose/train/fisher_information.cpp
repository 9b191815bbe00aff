#include "phatgoose/train/fisher_information.h"

#include <ATen/ATen.h>

#include "phatgoose/data/batching.h"
#include "phatgoose/train/sequence_loss.h"

namespace phatgoose {
namespace {

/// Whether the group's output goes into the residual stream: what closes an attention or a feed-forward.
bool closes_sublayer(const LinearGroup& group) {
  const std::string& path = group.spec().linears.front().path;
  return path.ends_with(".o") || path.ends_with(".wo");
}

}  // namespace

FisherInformation::FisherInformation(T5Model& model, std::int64_t width, std::uint64_t seed) : model_(model) {
  model.remove_adapters();
  for (LinearGroup* group : model.groups()) {
    if (!closes_sublayer(*group)) continue;
    probes_.push_back(std::make_shared<FisherProbe>(
        FisherProbe::drawn(width, group->out(), seed, group->spec().linears.front().path, model.device())));
    group->set_adapter(probes_.back());
  }
}

std::int64_t FisherInformation::size() const {
  std::int64_t size = 0;
  for (const auto& probe : probes_) size += probe->down_sum().numel() + probe->up_sum().numel();
  return size;
}

at::Tensor FisherInformation::mean_squares(std::span<const Example> examples, std::int64_t pass_tokens,
                                           const AfterRows& after_rows) {
  for (const auto& probe : probes_) probe->zero_sums();
  const SequenceLoss loss(model_);
  std::int64_t done = 0;
  for (const std::vector<std::int64_t>& rows : passes_of(examples, pass_tokens)) {
    loss.sum(examples, rows).backward();
    after_rows(done += std::ssize(rows));
  }
  std::vector<at::Tensor> parts;
  for (const auto& probe : probes_) {
    parts.push_back(probe->down_sum().flatten());
    parts.push_back(probe->up_sum().flatten());
  }
  return (at::cat(parts) / static_cast<double>(examples.size())).cpu();  // [n]
}

}  // namespace phatgoose
