// Experts of one linear on CPU in fp32, packed for the segment kernels.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "phatgoose/routing/expert_bank.h"

namespace phatgoose {

class PackedExpertBank : public ExpertBank {
 public:
  PackedExpertBank(std::int64_t in, std::int64_t out, std::span<const LoraEntry* const> experts);
  void add(const at::Tensor& u, const at::Tensor& y, const PairOrder& order, Mix mix) const override;

 private:
  /// Where one expert lies in the store.
  struct Place {
    std::int64_t rank, padded;
    float scale;
    std::int64_t a, b;  ///< offsets of A transposed [in, padded] and of B's panels
  };

  void pack(const LoraEntry& expert, const Place& place);

  std::int64_t in_, out_, widest_ = 0;
  std::vector<Place> places_;
  at::Tensor store_;  // fp32, all experts one after the other
};

}  // namespace phatgoose
