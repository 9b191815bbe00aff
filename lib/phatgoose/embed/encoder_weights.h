// The weights of a sentence encoder's transformer, ready to be computed with.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/embed/encoder_config.h"
#include "phatgoose/nn/frozen_linear.h"

namespace phatgoose {

/// u W^T + b, or u W^T.
struct EncoderLinear {
  FrozenWeight weight;   ///< [out, in]
  at::Tensor bias = {};  ///< [out], or undefined

  at::Tensor forward(const at::Tensor& u) const;  // [N, in] -> [N, out]
};

/// Mean subtracted, divided by the standard deviation, scaled and shifted.
struct EncoderNorm {
  at::Tensor weight, bias;  ///< [D]
  double epsilon;

  at::Tensor forward(const at::Tensor& x) const;  // [N, D]
};

struct EncoderLayerWeights {
  EncoderLinear queries_keys_values;  ///< [3 H K, D], the queries scaled by K^-0.5
  EncoderLinear attention_output;     ///< [D, H K]
  EncoderNorm attention_norm;
  EncoderLinear inner;  ///< [F, D]; gated [2 F, D], the gate first
  EncoderLinear outer;  ///< [D, F]
  EncoderNorm output_norm;
};

struct EncoderWeights {
  at::Tensor words;          ///< [V, D]
  at::Tensor positions;      ///< [position_rows, D], or undefined
  at::Tensor position_bias;  ///< [buckets, H], or undefined
  EncoderNorm embedding_norm;
  std::vector<EncoderLayerWeights> layers;
};

/// Reads the weights of a Hugging Face directory in fp32. The embedding of token type 0 is part of `positions`, or of
/// `words` where there are none. Missing, misshapen or non-finite weights: bad_data.
EncoderWeights load_encoder_weights(const fs::path& directory, const EncoderConfig& config, at::Device device);

}  // namespace phatgoose
