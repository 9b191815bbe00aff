// The experts that adapt one linear, laid out for sparse execution: y += sum_{e in Top} w_e c_e B_e A_e u
// (METHODS 3.3).
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>

#include "phatgoose/routing/pair_order.h"
#include "phatgoose/store/routed_model_directory.h"

namespace phatgoose {

class ExpertBank {
 public:
  virtual ~ExpertBank() = default;

  /// Adds the chosen experts' updates to y in place; expert e of `order` is the e-th of the bank. Every token adds its
  /// results in the order of falling score, so that the sum depends neither on the order of the experts nor on threads.
  /// Mix::parameters asks for equal ranks and scales (check_mixable).
  virtual void add(const at::Tensor& u, const at::Tensor& y, const PairOrder& order,
                   Mix mix = Mix::outputs) const = 0;  // [N, in], [N, out]
};

/// Copies the factors, one expert at a time, into one store of type `dtype` on `device`. Ranks and scales may differ.
/// `in` and `out` are the linear's sizes; the entries must have been checked against them.
std::unique_ptr<ExpertBank> make_expert_bank(std::int64_t in, std::int64_t out,
                                             std::span<const LoraEntry* const> experts, at::Device device,
                                             at::ScalarType dtype);

}  // namespace phatgoose
