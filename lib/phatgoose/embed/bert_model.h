// The BERT encoder (arXiv 1810.04805) on packed tokens, for inference in fp32.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "phatgoose/embed/bert_config.h"
#include "phatgoose/nn/frozen_linear.h"
#include "phatgoose/nn/packing.h"

namespace phatgoose {

class BertModel {
 public:
  /// Reads config.json and the weights of a Hugging Face directory. Missing, misshapen or non-finite weights: bad_data.
  static BertModel load(const fs::path& directory, at::Device device);

  const BertConfig& config() const { return config_; }
  at::Device device() const { return words_.device(); }

  /// Last layer's states; all tokens of type 0. Rows of at most max_position_embeddings ids below vocab_size.
  at::Tensor encode_states(const PackedIds& input) const;  // [N, D]

 private:
  /// u W^T + b.
  struct Linear {
    FrozenWeight weight;  ///< [out, in]
    at::Tensor bias;      ///< [out]

    at::Tensor forward(const at::Tensor& u) const { return weight.forward(u).add_(bias); }  // [N, in] -> [N, out]
  };

  /// Mean subtracted, divided by the standard deviation, scaled and shifted.
  struct Norm {
    at::Tensor weight, bias;  ///< [D]
  };

  struct Layer {
    Linear qkv;     ///< [3 H K, D]: queries (scaled by K^-0.5), keys, values
    Linear output;  ///< [D, H K]
    Norm attention_norm;
    Linear up, down;  ///< [F, D], [D, F]
    Norm output_norm;
  };

  class Loader;

  BertModel() = default;
  at::Tensor normed(const at::Tensor& x, const Norm& norm) const;  // [N, D]
  at::Tensor embedded(const PackedIds& input) const;               // [N, D]
  at::Tensor activated(const at::Tensor& h) const;                 // [N, F]

  BertConfig config_;
  at::Tensor words_;      ///< [V, D]
  at::Tensor positions_;  ///< [max_position_embeddings, D], the embedding of token type 0 included
  Norm embedding_norm_;
  std::vector<Layer> layers_;
};

}  // namespace phatgoose
