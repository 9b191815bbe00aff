// LoRA (arXiv 2106.09685; METHODS 3.1): y = W u + c B A u, and with a gate (METHODS 3.2)
// y = W u + c B A u * sigmoid(v . u), for all the linears of a group at once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "phatgoose/nn/adapter.h"
#include "phatgoose/store/t5_config.h"

namespace phatgoose {

/// What one linear of a group is given: rank 0 means that it is not adapted.
struct LoraShape {
  std::int64_t rank = 0;
  double scale = 0.0;  ///< c
};

/// One adapted linear of a group, and where its factors lie in LoraParameters.
struct LoraMember {
  std::string path;           ///< module path of the linear
  std::int64_t column = 0;    ///< its first output column in G
  std::int64_t out = 0;       ///< its number of output columns
  std::int64_t rank = 0;      ///< R
  double scale = 0.0;         ///< c
  std::int64_t a_row = 0;     ///< its first row in LoraParameters::a
  std::int64_t b_offset = 0;  ///< its first element in LoraParameters::b
};

/// The adapted linears of a group, in its order.
using LoraLayout = std::vector<LoraMember>;

/// The trainable tensors of one group, fp32. Each kind is one tensor for the whole group, so that one GEMM computes
/// A u of every member and an optimiser sees few tensors; the factors of one linear are views.
struct LoraParameters {
  LoraLayout members;
  at::Tensor a;  ///< [sum R, in], the members' A one below the other
  at::Tensor b;  ///< [sum out R], the members' B [out, R] one after the other
  at::Tensor v;  ///< [members, in], the gates; undefined without gates

  at::Tensor a_of(const LoraMember& member) const;  ///< [R, in], a view
  at::Tensor b_of(const LoraMember& member) const;  ///< [out, R], a view
};

/// g = sqrt(2 / 6) / sqrt(in): A ~ U(-g, g) in multi-task training (METHODS 7).
double uniform_factor_bound(std::int64_t in);

/// Zero factors, without gates. `shapes` holds one entry for each linear of `spec`.
LoraParameters zero_lora(const LinearGroupSpec& spec, std::span<const LoraShape> shapes, at::Device device);

/// Adds c B A u of every member to its columns of y (METHODS 3.1). No gradient is computed for what needs none.
class LoraAdapter : public Adapter {
 public:
  explicit LoraAdapter(std::shared_ptr<const LoraParameters> parameters) : parameters_(std::move(parameters)) {}
  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const override;  // [N, G]

 private:
  std::shared_ptr<const LoraParameters> parameters_;
};

/// Adds c B A u * sigmoid(v . u) (METHODS 3.2); `parameters` must have gates. Scores and sigmoid are fp32.
class GatedLoraAdapter : public Adapter {
 public:
  explicit GatedLoraAdapter(std::shared_ptr<const LoraParameters> parameters) : parameters_(std::move(parameters)) {}
  at::Tensor apply(const at::Tensor& u, const at::Tensor& y, const Pass& pass) const override;  // [N, G]

 private:
  std::shared_ptr<const LoraParameters> parameters_;
};

}  // namespace phatgoose
