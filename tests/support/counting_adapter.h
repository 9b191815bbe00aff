// An adapter that adds nothing and counts what reaches it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "phatgoose/nn/adapter.h"

namespace phatgoose::test {

/// Counts tokens, and passes where asked to. The counters must outlive it.
class CountingAdapter : public Adapter {
 public:
  explicit CountingAdapter(std::int64_t* tokens, std::int64_t* passes = nullptr) : tokens_(tokens), passes_(passes) {}
  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass&) const override {
    *tokens_ += u.size(0);
    if (passes_ != nullptr) ++*passes_;
    return y;
  }

 private:
  std::int64_t *tokens_, *passes_;
};

}  // namespace phatgoose::test
