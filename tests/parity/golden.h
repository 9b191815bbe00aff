// Golden files (tests/golden, made by tests/oracle) and the measures by which the toolkit is judged against them.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "phatgoose/base/json.h"
#include "phatgoose/nn/t5_model.h"
#include "phatgoose/store/safetensors.h"
#include "support/golden.h"

namespace phatgoose::parity {

using test::golden_path;

/// expected.json and expected.safetensors of one golden directory.
class Golden {
 public:
  explicit Golden(const std::string& name);

  const Json& numbers() const { return numbers_; }
  double number(const std::string& key) const { return numbers_.at(key).get<double>(); }
  /// Token ids of several rows: "sources", "targets", "generated".
  std::vector<TokenIds> rows(const std::string& key) const { return numbers_.at(key).get<std::vector<TokenIds>>(); }

  at::Tensor tensor(const std::string& name) const;
  /// What follows `prefix` in the names of the tensors that begin with it, in lexicographic order.
  std::vector<std::string> names_after(const std::string& prefix) const;

 private:
  Json numbers_;
  SafetensorsFile tensors_;
};

/// The model of a golden directory, fp32 on the CPU.
T5Model load_model(const std::string& golden);

/// Largest difference of an entry, relative to the largest absolute value of `expected`.
double relative_difference(const at::Tensor& actual, const at::Tensor& expected);

/// The tolerance for states, logits and gradients.
constexpr double kTolerance = 1e-5;

}  // namespace phatgoose::parity
