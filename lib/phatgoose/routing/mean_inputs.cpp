#include "phatgoose/routing/mean_inputs.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <numeric>

#include "phatgoose/data/batching.h"

namespace phatgoose {
namespace {

/// Hands everything on to the adapter that it stands before, and adds up what it sees.
class InputRecorder : public Adapter {
 public:
  InputRecorder(std::shared_ptr<const Adapter> inner, const LinearGroup& group, at::Device device)
      : inner_(std::move(inner)), sum_(at::zeros({group.in()}, at::TensorOptions(device).dtype(at::kDouble))) {}

  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const override {
    for (std::int64_t row = 0; row < pass.packing.rows(); ++row) {
      const std::int64_t length = pass.packing.length(row);
      if (length > 0)
        sum_.add_(u.narrow(0, pass.packing.offset(row), length).mean(at::IntArrayRef{0}, false, at::kDouble));
    }
    return inner_ ? inner_->apply(u, y, pass) : y;
  }

  const std::shared_ptr<const Adapter>& inner() const { return inner_; }
  const at::Tensor& sum() const { return sum_; }  // [in] fp64

 private:
  std::shared_ptr<const Adapter> inner_;
  at::Tensor sum_;
};

void run(const T5Model& model, std::span<const Example> examples, const std::vector<std::int64_t>& chosen) {
  std::vector<TokenIds> inputs, targets;
  for (const std::int64_t row : chosen) {
    inputs.push_back(examples[row].input);
    targets.push_back(examples[row].target);
  }
  std::vector<std::int64_t> source_rows(chosen.size());
  std::iota(source_rows.begin(), source_rows.end(), 0);
  const auto start = static_cast<TokenId>(model.config().decoder_start_token_id);
  model.decode(pack_decoder_inputs(targets, start, model.device()), model.encode(pack_ids(inputs, model.device())),
               source_rows);
}

}  // namespace

std::vector<at::Tensor> mean_inputs(T5Model& model, std::span<const Example> examples, std::int64_t token_limit) {
  const at::NoGradGuard no_grad;
  std::vector<std::shared_ptr<InputRecorder>> recorders;
  for (const auto& group : model.groups()) {
    recorders.push_back(std::make_shared<InputRecorder>(group->adapter(), *group, model.device()));
    group->set_adapter(recorders.back());
  }
  for (const auto& group : passes_of(examples, token_limit)) run(model, examples, group);

  std::vector<at::Tensor> means;
  for (std::size_t g = 0; g < recorders.size(); ++g) {
    model.groups()[g]->set_adapter(recorders[g]->inner());
    means.push_back((recorders[g]->sum() / static_cast<double>(examples.size())).to(at::kCPU, at::kFloat));
  }
  return means;
}

}  // namespace phatgoose
