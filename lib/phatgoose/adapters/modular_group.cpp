#include "phatgoose/adapters/modular_group.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "phatgoose/adapters/mixing.h"
#include "phatgoose/adapters/tensor_product.h"
#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

void check_splits(const LinearSpec& linear, std::int64_t splits) {
  if (linear.in % splits == 0 && linear.out % splits == 0) return;
  refuse(linear.path, fmt::format("a linear from {} to {}", linear.in, linear.out),
         fmt::format("sizes that {} splits divide", splits), "choose another --splits");
}

std::shared_ptr<const LoraLayout> layout_of(const LinearGroupSpec& spec, std::int64_t rank,
                                            const std::function<bool(const std::string&)>& adapted) {
  auto layout = std::make_shared<LoraLayout>();
  for (std::size_t i = 0; i < spec.linears.size(); ++i) {
    const LinearSpec& linear = spec.linears[i];
    if (adapted && !adapted(linear.path)) continue;
    const std::int64_t m = std::ssize(*layout);
    layout->push_back({.path = linear.path,
                       .column = static_cast<std::int64_t>(i) * linear.out,
                       .out = linear.out,
                       .rank = rank,
                       .scale = 1.0 / static_cast<double>(rank),
                       .a_row = m * rank,
                       .b_offset = m * linear.out * rank});
  }
  return layout;
}

/// Parts [M B, S, ...] mixed by weights [M, K, B S], each of the B blocks by its own.
at::Tensor mixed(const at::Tensor& parts, const at::Tensor& weights) {
  const std::int64_t members = weights.size(0), mixtures = weights.size(1), skills = parts.size(1);
  const at::Tensor by_block = weights.view({members, mixtures, -1, skills}).transpose(1, 2);    // [M, B, K, S]
  const at::Tensor sums = at::bmm(by_block.reshape({-1, mixtures, skills}), parts.flatten(2));  // [M B, K, C]
  std::vector<std::int64_t> sizes = {members, -1, mixtures};
  for (std::int64_t axis = 2; axis < parts.dim(); ++axis) sizes.push_back(parts.size(axis));
  return sums.view(sizes);  // [M, B, K, ...]
}

/// w of each split, rank or order: [M, K, L] -> [M, K, L].
at::Tensor weights_of(const at::Tensor& logits, std::int64_t skills) {
  return mixing_weights(logits.unflatten(-1, {-1, skills})).flatten(-2);
}

}  // namespace

ModularGroup ModularGroup::zeros(const LinearGroupSpec& spec, const ModularShape& shape, std::int64_t tasks,
                                 at::Device device, const std::function<bool(const std::string&)>& adapted) {
  const LinearSpec& first = spec.linears.front();
  for (const LinearSpec& linear : spec.linears) {
    if (linear.out != first.out) fail(ExitCode::bug, {.where = linear.path, .found = "linears of unequal sizes"});
  }
  check_splits(first, shape.splits);
  const auto options = at::TensorOptions(device).dtype(at::kFloat);
  auto layout = layout_of(spec, shape.rank, adapted);
  const std::int64_t members = std::ssize(*layout);
  const auto of_all = [&](Shape sizes) {
    sizes.front() *= members;
    return at::zeros(sizes, options);
  };
  ModularGroup group{.shape = shape,
                     .layout = std::move(layout),
                     .in = first.in,
                     .out = first.out,
                     .tasks = tasks,
                     .a = of_all(shape.a_shape(first.in)),
                     .b = of_all(shape.b_shape(first.out)),
                     .logits = {}};
  if (has_routing(shape.method)) group.logits = at::zeros({members * tasks, shape.logits()}, options);
  return group;
}

at::Tensor ModularGroup::logits_of_tasks(std::span<const std::int64_t> numbers) const {
  const at::Tensor chosen =
      at::tensor(at::ArrayRef<std::int64_t>(numbers.data(), numbers.size()), at::kLong).to(logits.device());  // [K]
  return logits.view({members(), tasks, -1}).index_select(1, chosen);  // [M, K, L]
}

MixedFactors ModularGroup::mix(const at::Tensor& task_logits) const {
  at::Tensor rows_a, columns_b;  // [K, M, R, in], [K, M, out, R]
  if (!has_leaves(shape.method)) {
    const at::Tensor w = weights_of(task_logits, shape.skills);      // [M, K, P S]
    rows_a = mixed(a, w).permute({2, 0, 4, 1, 3}).flatten(3);        // from [M, P, K, in / P, R]
    columns_b = mixed(b, w).permute({2, 0, 1, 4, 3}).flatten(2, 3);  // from [M, P, K, R, out / P]
  } else if (shape.method == ModularMethod::tensorpoly_2) {
    const at::Tensor w = weights_of(task_logits, shape.skills);        // [M, K, O S]
    rows_a = tensor_product_vectors(mixed(a, w), in).transpose(0, 1);  // from [M, O, K, R, q]
    columns_b = tensor_product_vectors(mixed(b, w), out).transpose(0, 1).transpose(2, 3);
  } else {
    const auto vectors = [&](const at::Tensor& leaves, std::int64_t length) {
      return tensor_product_vectors(leaves.unflatten(0, {members(), shape.order}), length);  // [M, S, R, length]
    };
    const at::Tensor w = shape.method == ModularMethod::tlora ? at::ones({members(), 1, shape.skills}, a.options())
                                                              : weights_of(task_logits, shape.skills);  // [M, K, S]
    rows_a = mixed(vectors(a, in), w).squeeze(1).transpose(0, 1);  // from [M, 1, K, R, in]
    columns_b = mixed(vectors(b, out), w).squeeze(1).transpose(0, 1).transpose(2, 3);
  }
  const std::int64_t mixtures = rows_a.size(0);
  return {rows_a.reshape({mixtures, -1, in}), columns_b.reshape({mixtures, -1})};
}

}  // namespace phatgoose
