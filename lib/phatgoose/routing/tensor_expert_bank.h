// Experts of one linear on any device and in any floating type, executed with tensor operations.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "phatgoose/routing/expert_bank.h"

namespace phatgoose {

class TensorExpertBank : public ExpertBank {
 public:
  TensorExpertBank(std::int64_t in, std::int64_t out, std::span<const LoraEntry* const> experts, at::Device device,
                   at::ScalarType dtype);
  void add(const at::Tensor& u, const at::Tensor& y, const PairOrder& order, Mix mix) const override;

 private:
  at::Tensor store_a_, store_b_;   // [sum R, in] and, flat, every B [out, R] one after the other
  std::vector<at::Tensor> a_, b_;  // views: [R, in], [out, R]
  std::vector<double> scales_;
};

}  // namespace phatgoose
