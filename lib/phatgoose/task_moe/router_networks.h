// The networks of learned task routers (METHODS 8), over their parameters (store/task_moe_method.h). T tasks, L mixed
// layers, m copies; all are differentiable in the vectors and the parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>

#include "phatgoose/nn/dropout.h"

namespace phatgoose {

using RouterTensors = std::map<std::string, at::Tensor>;  ///< by name

/// Linear, exact GELU, Linear to the logits of all layers at once.
at::Tensor linear_logits(const RouterTensors& p, const at::Tensor& vectors, std::int64_t copies);  // [T, L, m]

/// Such a network for each layer.
at::Tensor linear_per_layer_logits(const RouterTensors& p, const at::Tensor& vectors);  // [T, L, m]

/// The vector plus each layer's position embedding; an LSTM over the layers in each direction; Linear.
at::Tensor lstm_logits(const RouterTensors& p, const at::Tensor& vectors);  // [T, L, m]

/// The same input; one encoder layer (attention, then feed-forward with ReLU, each with a residual and a norm after
/// it); Linear. Dropout on attention weights, inner activations and what is added to the residuals.
at::Tensor transformer_logits(const RouterTensors& p, const at::Tensor& vectors, const Dropout* dropout);  // [T, L, m]

}  // namespace phatgoose
