// The transformer of a sentence encoder on packed tokens, for inference in fp32: BERT (arXiv 1810.04805), MPNet
// (arXiv 2004.09297) or NomicBERT (arXiv 2402.01613), as its configuration says.
#pragma once

#include <ATen/core/Tensor.h>

#include "phatgoose/embed/encoder_config.h"
#include "phatgoose/embed/encoder_weights.h"
#include "phatgoose/nn/packing.h"

namespace phatgoose {

class TransformerEncoder {
 public:
  /// Reads config.json and the weights of a Hugging Face directory. Missing, misshapen or non-finite weights: bad_data.
  static TransformerEncoder load(const fs::path& directory, at::Device device);

  const EncoderConfig& config() const { return config_; }
  at::Device device() const { return weights_.words.device(); }

  /// Last layer's states; all tokens of type 0. Rows of at most max_length ids below vocab_size.
  at::Tensor encode_states(const PackedIds& input) const;  // [N, D]

 private:
  TransformerEncoder(EncoderConfig config, EncoderWeights weights)
      : config_(std::move(config)), weights_(std::move(weights)) {}

  at::Tensor places(const PackedIds& input) const;                              // [N]
  at::Tensor embedded(const PackedIds& input, const at::Tensor& places) const;  // [N, D]
  at::Tensor activated(const at::Tensor& h) const;                              // [N, F]

  EncoderConfig config_;
  EncoderWeights weights_;
};

}  // namespace phatgoose
