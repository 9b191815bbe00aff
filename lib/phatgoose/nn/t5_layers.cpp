#include "phatgoose/nn/t5_layers.h"

#include <ATen/ATen.h>

#include "phatgoose/nn/activation.h"
#include "phatgoose/nn/norm.h"
#include "phatgoose/nn/residual.h"

namespace phatgoose {

at::Tensor feed_forward(const FeedForwardLayer& layer, const at::Tensor& x, const T5Config& config, const Pass& pass,
                        std::uint32_t site) {
  const at::Tensor normed = rms_norm(x, layer.norm, config.layer_norm_epsilon);  // [N, D]
  const at::Tensor h = layer.inner->forward(normed, pass);                       // [N, 2F] or [N, F]
  at::Tensor inner = feed_forward_activation(h, config.feed_forward);            // [N, F]
  inner = with_dropout(inner, pass, site + dropout_site::kInner);                // [N, F]
  return add_residual(x, layer.output->forward(inner, pass), pass, site + dropout_site::kFeedForward);  // [N, D]
}

}  // namespace phatgoose
