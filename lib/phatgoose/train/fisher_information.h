// The Fisher information of a task, as far as the weights of small adapters tell it (METHODS 8).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "phatgoose/adapters/fisher_probe.h"
#include "phatgoose/data/after_rows.h"
#include "phatgoose/data/records.h"
#include "phatgoose/nn/t5_model.h"

namespace phatgoose {

class FisherInformation {
 public:
  /// Puts a probe of bottleneck `width` behind every attention and every feed-forward of `model`, in place of the
  /// adapters that it carries. `model` must outlive this; its weights must not be packed.
  FisherInformation(T5Model& model, std::int64_t width, std::uint64_t seed);

  /// The number of adapter weights n.
  std::int64_t size() const;

  /// The mean over the examples of the squared gradient of the example's loss, the sum over its target tokens of
  /// -log p, without dropout: of every probe in order of computation, its down [r, D], then its up [D, r]. At most
  /// about `pass_tokens` tokens in one pass, after which `after_rows` is told how many rows are done; what it throws
  /// ends the work.
  at::Tensor mean_squares(std::span<const Example> examples, std::int64_t pass_tokens,
                          const AfterRows& after_rows = kNobodyAsks);  // [n] fp64

 private:
  T5Model& model_;
  std::vector<std::shared_ptr<FisherProbe>> probes_;
};

}  // namespace phatgoose
