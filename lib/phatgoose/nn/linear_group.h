// The linears that read the same input, computed by one GEMM, and the adapter that adds to their output.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "phatgoose/nn/adapter.h"
#include "phatgoose/nn/frozen_linear.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

class LinearGroup {
 public:
  LinearGroup(LinearGroupSpec spec, at::Tensor weight);

  const LinearGroupSpec& spec() const { return spec_; }
  std::int64_t in() const { return spec_.linears.front().in; }
  std::int64_t out() const { return weight_.out(); }  ///< G: the members' outputs together
  /// Output columns of linear `i` in G: [begin, begin + out).
  std::int64_t begin(std::size_t i) const { return begins_[i]; }
  at::Tensor weight() const { return weight_.dense(); }  ///< [G, in], the members' W one below the other
  void pack_weight() { weight_.pack(); }

  /// Puts W + update in the place of W, until the next call; an undefined update brings W back. For inference: no
  /// second product is computed, W itself is kept.
  void set_update(const at::Tensor& update);  // [G, in] fp32

  void set_adapter(std::shared_ptr<const Adapter> adapter) { adapter_ = std::move(adapter); }
  const std::shared_ptr<const Adapter>& adapter() const { return adapter_; }

  at::Tensor forward(const at::Tensor& u, const Pass& pass) const;  // [N, in] -> [N, G]

 private:
  LinearGroupSpec spec_;
  std::vector<std::int64_t> begins_;
  FrozenWeight weight_, updated_;  // updated_: undefined without update
  std::shared_ptr<const Adapter> adapter_;
};

}  // namespace phatgoose
