#include "phatgoose/train/objective.h"

#include <ATen/ATen.h>

#include "phatgoose/base/signals.h"
#include "phatgoose/data/batching.h"

namespace phatgoose {

std::optional<double> mean_loss(const Objective& objective, std::span<const Example> examples,
                                std::int64_t pass_tokens) {
  const at::NoGradGuard no_grad;
  double sum = 0;
  for (const std::vector<std::int64_t>& rows : passes_of(examples, pass_tokens)) {
    if (stop_requested()) return std::nullopt;
    sum += objective.sum(examples, rows).item<double>();
  }
  return sum / objective.divisor(examples);
}

}  // namespace phatgoose
