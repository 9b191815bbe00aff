#include "phatgoose/adapters/mixing.h"

#include <ATen/ATen.h>

namespace phatgoose {

at::Tensor mixing_weights(const at::Tensor& logits) {
  const at::Tensor z = logits.sigmoid();
  return z / (z.sum(-1, /*keepdim=*/true) + 1e-12);
}

at::Tensor relaxed_bernoulli_logits(const at::Tensor& logits, const at::Tensor& uniform) {
  return logits + at::logit(uniform);
}

}  // namespace phatgoose
