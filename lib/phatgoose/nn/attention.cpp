#include "phatgoose/nn/attention.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

namespace phatgoose {

std::vector<AttentionRun> self_attention_runs(const Packing& packing) {
  std::vector<AttentionRun> runs;
  for (std::int64_t row = 0; row < packing.rows(); ++row) {
    const std::int64_t begin = packing.offset(row), length = packing.length(row);
    if (length == 0) continue;
    if (!runs.empty() && runs.back().queries == length && runs.back().row + runs.back().count == row) {
      ++runs.back().count;
    } else {
      runs.push_back({row, 1, begin, length, begin, length});
    }
  }
  return runs;
}

std::vector<AttentionRun> cross_attention_runs(const Packing& targets, const Packing& sources,
                                               std::span<const std::int64_t> source_rows, bool merge_targets) {
  std::vector<AttentionRun> runs;
  std::int64_t last_source = -1;
  for (std::int64_t row = 0; row < targets.rows(); ++row) {
    const std::int64_t source = source_rows[row], queries = targets.length(row);
    if (queries == 0) continue;
    if (merge_targets && source == last_source) {
      runs.back().queries += queries;
    } else {
      runs.push_back({row, 1, targets.offset(row), queries, sources.offset(source), sources.length(source)});
    }
    last_source = source;
  }
  // Neighbours of the same sizes whose sources are neighbours too become one run.
  std::vector<AttentionRun> joined;
  for (const AttentionRun& run : runs) {
    AttentionRun* last = joined.empty() ? nullptr : &joined.back();
    const bool adjoins = last != nullptr && last->queries == run.queries && last->keys == run.keys &&
                         last->query_begin + last->count * last->queries == run.query_begin &&
                         last->key_begin + last->count * last->keys == run.key_begin &&
                         (merge_targets || last->row + last->count == run.row);
    if (adjoins) {
      ++last->count;
    } else {
      joined.push_back(run);
    }
  }
  return joined;
}

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

/// From this many keys on, the fused kernel beats the composed form in training too (it recomputes the weights).
constexpr std::int64_t kFusedTrainingKeys = 256;

struct Plan : torch::CustomClassHolder {
  AttentionInputs inputs;
  std::optional<Dropout> dropout;  // that of the inputs, which need not outlive the backward pass
  std::uint32_t site;
  std::int64_t key_column, head_size;
  bool keep_for_backward;
  std::vector<std::vector<at::Tensor>> kept;  // per run: (weights) composed, (output, logsumexp) fused
};

/// `count` rows of `length` tokens each, the first from `begin` on, `pitch` from one to the next.
struct Rows {
  std::int64_t begin, count, length, pitch;
};

Rows queries_of(const AttentionRun& run) { return {run.query_begin, run.count, run.queries, run.queries}; }

Rows keys_of(const AttentionRun& run) {
  return {run.key_begin, run.count, run.keys, run.key_pitch > 0 ? run.key_pitch : run.keys};
}

/// Rows as [count, H, length, K] without copying: `column` is the first of the H K columns.
at::Tensor by_head(const at::Tensor& packed, const Rows& rows, std::int64_t column, const Plan& plan) {
  const std::int64_t stride = packed.stride(0), heads = plan.inputs.heads, size = plan.head_size;
  return packed.as_strided({rows.count, heads, rows.length, size}, {rows.pitch * stride, size, stride, 1},
                           packed.storage_offset() + rows.begin * stride + column);
}

/// The same with count and H folded: a view for one row, a copy for several.
at::Tensor folded(const at::Tensor& heads_first) {  // [count, H, L, K] -> [count H, L, K]
  return heads_first.size(0) == 1 ? heads_first.squeeze(0) : heads_first.flatten(0, 1);
}

at::Tensor bias_for(const Plan& plan, const AttentionRun& run) {  // [H, queries, keys]
  const at::Tensor& bias = plan.inputs.bias;
  return bias.defined() ? bias.narrow(1, 0, run.queries).narrow(2, 0, run.keys) : at::Tensor();
}

bool use_fused(const Plan& plan, const AttentionRun& run, const at::Tensor& q, bool bias_gradient) {
  if (plan.inputs.dropout != nullptr || bias_gradient) return false;
  return !plan.keep_for_backward || (q.device().is_cpu() && run.keys >= kFusedTrainingKeys);
}

struct RunViews {
  at::Tensor q, k, v;  // [count, H, L, K]

  /// Queries belong to one run; keys and values may serve several.
  void add(const at::Tensor& dq, const at::Tensor& dk, const at::Tensor& dv) const {
    q.copy_(dq.view_as(q));
    k.add_(dk.view_as(k));
    v.add_(dv.view_as(v));
  }
};

RunViews views(const at::Tensor& queries, const at::Tensor& keys_values, const Plan& plan, const AttentionRun& run) {
  const std::int64_t values_column = plan.key_column + plan.inputs.heads * plan.head_size;
  return {by_head(queries, queries_of(run), 0, plan), by_head(keys_values, keys_of(run), plan.key_column, plan),
          by_head(keys_values, keys_of(run), values_column, plan)};
}

at::Tensor multipliers_for(const Plan& plan, const AttentionRun& run, const at::Tensor& like) {  // [count H, q, k]
  return plan.inputs.dropout
      ->attention_multipliers(run.row, run.count, plan.inputs.heads, run.queries, run.keys, plan.site)
      .flatten(0, 1)
      .to(like.options());
}

void composed_forward(const RunViews& in, Plan& plan, const AttentionRun& run, at::Tensor out) {
  at::Tensor weights = at::bmm(folded(in.q), folded(in.k).transpose(1, 2));  // [count H, queries, keys]
  if (weights.scalar_type() != at::kFloat) weights = weights.to(at::kFloat);
  const at::Tensor bias = bias_for(plan, run);
  if (bias.defined()) weights.view({run.count, plan.inputs.heads, run.queries, run.keys}).add_(bias);
  at::softmax_out(weights, weights, -1);
  const at::Tensor dropped = plan.inputs.dropout ? weights * multipliers_for(plan, run, weights) : weights;
  const at::Tensor mixed = at::bmm(dropped.to(in.v.scalar_type()), folded(in.v));  // [count H, queries, K]
  out.copy_(mixed.view(out.sizes()));
  if (plan.keep_for_backward) plan.kept.push_back({weights});
}

void fused_forward(const RunViews& in, Plan& plan, const AttentionRun& run, at::Tensor out) {
  std::optional<at::Tensor> mask;
  if (const at::Tensor bias = bias_for(plan, run); bias.defined()) mask = bias.unsqueeze(0);  // [1, H, queries, keys]
  if (!in.q.device().is_cpu()) {
    if (mask) mask = mask->to(in.q.scalar_type());
    out.copy_(at::scaled_dot_product_attention(in.q, in.k, in.v, mask, 0.0, false, 1.0));
    return;
  }
  auto [result, logsumexp] = at::_scaled_dot_product_flash_attention_for_cpu(in.q, in.k, in.v, 0.0, false, mask, 1.0);
  out.copy_(result);
  if (plan.keep_for_backward) plan.kept.push_back({result, logsumexp});
}

void composed_backward(const RunViews& in, const RunViews& gradients, const at::Tensor& dout, const Plan& plan,
                       const AttentionRun& run, const at::Tensor& weights, const at::Tensor& dbias) {
  const at::Tensor d = folded(dout);
  at::Tensor multipliers, dropped = weights;
  if (plan.inputs.dropout) {
    multipliers = multipliers_for(plan, run, weights);
    dropped = weights * multipliers;
  }
  const at::ScalarType compute = in.v.scalar_type();
  const at::Tensor dv = at::bmm(dropped.to(compute).transpose(1, 2), d);         // [count H, keys, K]
  at::Tensor dscores = at::bmm(d, folded(in.v).transpose(1, 2)).to(at::kFloat);  // [count H, queries, keys]
  if (multipliers.defined()) dscores.mul_(multipliers);
  dscores = at::_softmax_backward_data(dscores, weights, -1, at::kFloat);
  if (dbias.defined())
    dbias.narrow(1, 0, run.queries)
        .narrow(2, 0, run.keys)
        .add_(dscores.view({run.count, plan.inputs.heads, run.queries, run.keys}).sum(0));
  const at::Tensor ds = dscores.to(compute);
  gradients.add(at::bmm(ds, folded(in.k)), at::bmm(ds.transpose(1, 2), folded(in.q)), dv);
}

void fused_backward(const RunViews& in, const RunViews& gradients, const at::Tensor& dout, const Plan& plan,
                    const AttentionRun& run, const std::vector<at::Tensor>& kept) {
  std::optional<at::Tensor> mask;
  if (const at::Tensor bias = bias_for(plan, run); bias.defined()) mask = bias.unsqueeze(0);
  auto [dq, dk, dv] = at::_scaled_dot_product_flash_attention_for_cpu_backward(dout, in.q, in.k, in.v, kept[0], kept[1],
                                                                               0.0, false, mask, 1.0);
  gradients.add(dq, dk, dv);
}

class PackedAttention : public torch::autograd::Function<PackedAttention> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& queries, const at::Tensor& keys_values,
                            const at::Tensor& bias, const c10::intrusive_ptr<Plan>& plan) {
    at::Tensor out =
        at::empty({queries.size(0), plan->inputs.heads * plan->head_size}, queries.options());  // [N_q, H K]
    for (const AttentionRun& run : plan->inputs.runs) {
      const RunViews in = views(queries, keys_values, *plan, run);
      const at::Tensor target = by_head(out, queries_of(run), 0, *plan);  // [count, H, queries, K]
      if (use_fused(*plan, run, in.q, bias.requires_grad())) {
        fused_forward(in, *plan, run, target);
      } else {
        composed_forward(in, *plan, run, target);
      }
    }
    context->save_for_backward({queries, keys_values});
    context->saved_data["plan"] = c10::IValue::make_capsule(plan);
    return out;
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const variable_list saved = context->get_saved_variables();
    const at::Tensor &queries = saved[0], &keys_values = saved[1];
    const auto capsule = context->saved_data["plan"].toCapsule();
    const Plan& plan = static_cast<const Plan&>(*capsule);
    const at::Tensor dout = gradients[0].contiguous();
    // Self-attention: q, k and v are one tensor, and so are their gradients.
    const bool one_tensor = queries.is_same(keys_values) || plan.key_column > 0;
    at::Tensor dqueries = at::zeros_like(queries);
    at::Tensor dkeys_values = one_tensor ? dqueries : at::zeros_like(keys_values);
    const bool bias_gradient = plan.inputs.bias.defined() && context->needs_input_grad(2);
    const at::Tensor dbias = bias_gradient ? at::zeros_like(plan.inputs.bias) : at::Tensor();
    for (std::size_t i = 0; i < plan.inputs.runs.size(); ++i) {
      const AttentionRun& run = plan.inputs.runs[i];
      const RunViews in = views(queries, keys_values, plan, run);
      const RunViews out = views(dqueries, dkeys_values, plan, run);
      const at::Tensor d = by_head(dout, queries_of(run), 0, plan);  // [count, H, queries, K]
      if (plan.kept[i].size() == 2) {
        fused_backward(in, out, d, plan, run, plan.kept[i]);
      } else {
        composed_backward(in, out, d, plan, run, plan.kept[i][0], dbias);
      }
    }
    return {dqueries, one_tensor ? at::Tensor() : dkeys_values, dbias, {}};
  }
};

}  // namespace

at::Tensor packed_attention(const at::Tensor& queries, const at::Tensor& keys_values, std::int64_t key_column,
                            const AttentionInputs& inputs, std::uint32_t site) {
  auto plan = c10::make_intrusive<Plan>();
  plan->inputs = inputs;
  if (inputs.dropout != nullptr) plan->inputs.dropout = &plan->dropout.emplace(*inputs.dropout);
  plan->site = site;
  plan->key_column = key_column;
  plan->head_size = (keys_values.size(1) - key_column) / (2 * inputs.heads);
  plan->keep_for_backward = at::GradMode::is_enabled() && (queries.requires_grad() || keys_values.requires_grad() ||
                                                           (inputs.bias.defined() && inputs.bias.requires_grad()));
  return PackedAttention::apply(queries, keys_values, inputs.bias.defined() ? inputs.bias : at::empty({0}), plan);
}

}  // namespace phatgoose
