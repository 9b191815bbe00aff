#include "phatgoose/nn/loss.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

#include "phatgoose/nn/cpu_kernels.h"
#include "phatgoose/nn/shapes.h"

namespace phatgoose {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// Logits held at a time; small enough to stay near the processor for large vocabularies.
constexpr std::int64_t kLogitsPerChunk = 4'000'000;

constexpr std::int64_t kLogitRowsPerTask = 4;

/// Calls body(row, values of the row) for the rows of a contiguous fp32 matrix on the CPU.
template <typename Body>
void for_rows(const at::Tensor& matrix, Body body) {  // [n, V]
  const std::int64_t size = matrix.size(1);
  float* values = matrix.mutable_data_ptr<float>();
  at::parallel_for(0, matrix.size(0), kLogitRowsPerTask, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) body(row, values + row * size);
  });
}

/// log sum_v exp(logits_v). On the CPU not by at::logsumexp: MKL's vector exp, which that calls, may give other bits in
/// its first parallel call than in any later one.
at::Tensor log_sums(const at::Tensor& logits) {  // [n, V] fp32 -> [n]
  if (!logits.is_cpu()) return at::logsumexp(logits, {1});
  at::Tensor sums = at::empty({logits.size(0)}, logits.options());
  float* values = sums.mutable_data_ptr<float>();
  for_rows(logits, [&](std::int64_t row, float* x) { values[row] = cpu::log_sum_exp_row(x, logits.size(1)); });
  return sums;
}

/// softmax of the logits, in their place; `sums`: log_sums() of them.
void make_probabilities(const at::Tensor& logits, const at::Tensor& sums) {  // [n, V] fp32, [n]
  if (!logits.is_cpu()) {
    logits.sub_(sums.unsqueeze(1)).exp_();
    return;
  }
  const float* values = sums.const_data_ptr<float>();
  for_rows(logits, [&](std::int64_t row, float* x) { cpu::softmax_row(x, values[row], logits.size(1)); });
}

/// The mean of every row; on the CPU not by at::mean, whose sum over a single row depends on the number of threads.
at::Tensor row_means(const at::Tensor& logits) {  // [n, V] fp32 -> [n]
  if (!logits.is_cpu()) return logits.mean(1);
  at::Tensor means = at::empty({logits.size(0)}, logits.options());
  float* values = means.mutable_data_ptr<float>();
  for_rows(logits, [&](std::int64_t row, float* x) { values[row] = cpu::mean_row(x, logits.size(1)); });
  return means;
}

std::int64_t chunk_rows(std::int64_t vocabulary) { return std::max<std::int64_t>(16, kLogitsPerChunk / vocabulary); }

/// The gradient is computed with the loss, chunk by chunk, while the logits are at hand; the backward pass only scales
/// it.
class CrossEntropySum : public torch::autograd::Function<CrossEntropySum> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& hidden, const at::Tensor& head,
                            const at::Tensor& targets, double smoothing, bool with_gradient) {
    const bool head_gradient = with_gradient && head.requires_grad();
    at::Tensor dhidden = with_gradient ? at::empty_like(hidden) : at::Tensor();
    at::Tensor dhead = head_gradient ? at::zeros_like(head) : at::Tensor();
    at::Tensor sum = at::zeros({}, hidden.options().dtype(at::kFloat));
    const std::int64_t rows = hidden.size(0), step = chunk_rows(head.size(0));
    for (std::int64_t begin = 0; begin < rows; begin += step) {
      const std::int64_t count = std::min(step, rows - begin);
      const at::Tensor h = hidden.narrow(0, begin, count);                     // [n, D]
      const at::Tensor target = targets.narrow(0, begin, count).unsqueeze(1);  // [n, 1]
      at::Tensor dlogits = linear_without_gradient(h, head).to(at::kFloat);    // [n, V], first the logits themselves
      const at::Tensor sums = log_sums(dlogits);                               // [n]
      const at::Tensor of_targets = dlogits.gather(1, target).squeeze(1);      // [n]
      sum += (sums - of_targets).sum();
      if (smoothing > 0) sum += (of_targets - row_means(dlogits)).sum() * smoothing;
      if (!with_gradient) continue;
      make_probabilities(dlogits, sums);
      if (smoothing > 0) dlogits.sub_(smoothing / static_cast<double>(head.size(0)));
      dlogits.scatter_add_(1, target, at::full_like(target, smoothing - 1.0, dlogits.options()));
      dlogits = dlogits.to(head.scalar_type());
      dhidden.narrow(0, begin, count).copy_(at::mm(dlogits, head));  // [n, D]
      if (head_gradient) dhead.addmm_(dlogits.t(), h);               // [V, D]
    }
    if (with_gradient) context->saved_data["dhidden"] = dhidden;
    if (head_gradient) context->saved_data["dhead"] = dhead;
    return sum;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const at::Tensor& scale = gradients[0];
    const auto scaled = [&](const char* name) {
      const auto found = context->saved_data.find(name);
      if (found == context->saved_data.end()) return at::Tensor();
      at::Tensor gradient = found->second.toTensor();
      return gradient.mul_(scale.to(gradient.scalar_type()));
    };
    return {scaled("dhidden"), scaled("dhead"), {}, {}, {}};
  }
};

at::Tensor log_likelihoods_of(const at::Tensor& logits, const at::Tensor& targets, const at::Tensor& sums) {
  return logits.gather(1, targets.unsqueeze(1)).squeeze(1) - sums;  // [n, V], [n], [n] -> [n]
}

/// What each position gets of the gradient is known only in the backward pass, which computes the logits again.
class TargetLogLikelihoods : public torch::autograd::Function<TargetLogLikelihoods> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& hidden, const at::Tensor& head,
                            const at::Tensor& targets) {
    at::Tensor out = at::empty({hidden.size(0)}, hidden.options().dtype(at::kFloat));  // [N]
    at::Tensor sums = at::empty_like(out);                                             // [N]
    const std::int64_t rows = hidden.size(0), step = chunk_rows(head.size(0));
    for (std::int64_t begin = 0; begin < rows; begin += step) {
      const std::int64_t count = std::min(step, rows - begin);
      const at::Tensor logits = linear_without_gradient(hidden.narrow(0, begin, count), head).to(at::kFloat);  // [n, V]
      const at::Tensor sum = sums.narrow(0, begin, count).copy_(log_sums(logits));                             // [n]
      out.narrow(0, begin, count).copy_(log_likelihoods_of(logits, targets.narrow(0, begin, count), sum));
    }
    context->save_for_backward({hidden, head, targets, sums});
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &hidden = saved[0], &head = saved[1], &targets = saved[2], &sums = saved[3];
    const at::Tensor weights = gradients[0].to(at::kFloat).contiguous();  // [N]
    at::Tensor dhidden = at::empty_like(hidden);                          // [N, D]
    at::Tensor dhead = head.requires_grad() ? at::zeros_like(head) : at::Tensor();
    const std::int64_t rows = hidden.size(0), step = chunk_rows(head.size(0));
    for (std::int64_t begin = 0; begin < rows; begin += step) {
      const std::int64_t count = std::min(step, rows - begin);
      const at::Tensor h = hidden.narrow(0, begin, count);                     // [n, D]
      const at::Tensor weight = weights.narrow(0, begin, count).unsqueeze(1);  // [n, 1]
      at::Tensor dlogits = linear_without_gradient(h, head).to(at::kFloat);    // [n, V], first the logits themselves
      make_probabilities(dlogits, sums.narrow(0, begin, count));
      dlogits.mul_(-weight).scatter_add_(1, targets.narrow(0, begin, count).unsqueeze(1), weight);
      dlogits = dlogits.to(head.scalar_type());
      dhidden.narrow(0, begin, count).copy_(at::mm(dlogits, head));  // [n, D]
      if (dhead.defined()) dhead.addmm_(dlogits.t(), h);             // [V, D]
    }
    return {dhidden, dhead, {}};
  }
};

/// Whether a result of both, computed now, is differentiated.
bool needs_gradient(const at::Tensor& hidden, const at::Tensor& weight) {
  return at::GradMode::is_enabled() && (hidden.requires_grad() || weight.requires_grad());
}

}  // namespace

at::Tensor cross_entropy_sum(const at::Tensor& hidden, const FrozenWeight& head, const at::Tensor& targets,
                             double smoothing) {
  const at::Tensor weight = head.dense();  // [V, D]
  return CrossEntropySum::apply(hidden, weight, targets, smoothing, needs_gradient(hidden, weight));
}

at::Tensor target_log_likelihoods(const at::Tensor& hidden, const FrozenWeight& head, const at::Tensor& targets) {
  if (!head.is_packed() && needs_gradient(hidden, head.dense())) {
    return TargetLogLikelihoods::apply(hidden, head.dense(), targets);
  }
  const at::NoGradGuard no_grad;
  at::Tensor out = at::empty({hidden.size(0)}, hidden.options().dtype(at::kFloat));  // [N]
  const std::int64_t rows = hidden.size(0), step = chunk_rows(head.out());
  for (std::int64_t begin = 0; begin < rows; begin += step) {
    const std::int64_t count = std::min(step, rows - begin);
    const at::Tensor logits = head.forward(hidden.narrow(0, begin, count)).to(at::kFloat);  // [n, V]
    out.narrow(0, begin, count).copy_(log_likelihoods_of(logits, targets.narrow(0, begin, count), log_sums(logits)));
  }
  return out;
}

}  // namespace phatgoose
