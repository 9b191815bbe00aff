// The T5 encoder-decoder (METHODS: base model; arXiv 1910.10683), on packed tokens.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "phatgoose/nn/t5_weights.h"
#include "phatgoose/store/tensor_archive.h"

namespace phatgoose {

class Layer;      // nn/t5_layers.h
struct T5Stacks;  // nn/t5_stack.h

/// Encoder output, packed, with the keys and values of every decoder layer's cross-attention.
struct EncodedRows {
  at::Tensor states;  ///< [N_src, D], after the final norm (and its dropout)
  Packing packing;
  RowContext rows;
  std::vector<at::Tensor> cross_keys_values;  ///< per decoder layer [..., N_src, 2 H K] (Layer::cross_keys_values)
};

class T5Model {
 public:
  /// Reads a Hugging Face T5 directory (open_t5_checkpoint). `dtype` is the compute and storage type of the weights:
  /// at::kFloat or at::kBFloat16. Peak memory is the model plus one linear group. Missing, misshapen or non-finite
  /// weights: bad_data.
  static T5Model load(const fs::path& directory, at::Device device, at::ScalarType dtype);
  /// T5's own initialisation (mesh-tensorflow scales), a pure function of the seed.
  static T5Model random(const T5Config& config, bool separate_head, std::uint64_t seed, at::Device device,
                        at::ScalarType dtype);
  ~T5Model();
  T5Model(T5Model&&) noexcept;
  T5Model& operator=(T5Model&&) noexcept;

  const T5Config& config() const;
  at::Device device() const;
  at::ScalarType dtype() const;

  /// Encoder stack only.
  at::Tensor encode_states(const PackedIds& input, const Dropout* dropout = nullptr) const;  // [N_src, D]
  /// The same of the base alone, whatever the model carries.
  at::Tensor encode_base_states(const PackedIds& input) const;  // [N_src, D]
  /// Cross-attention keys and values of all decoder layers for the encoder's states of `input`, computed once and
  /// shared by all decoding.
  EncodedRows prepare_cross_attention(at::Tensor states, const PackedIds& input) const;
  EncodedRows encode(const PackedIds& input, const Dropout* dropout = nullptr) const;

  /// Decoder stack. Target row i attends to encoder row `source_rows[i]`, which must not decrease with i; several
  /// targets may share one. What is not known of a target is that of its source (RowContext::inheriting); its
  /// noise is drawn for that row too. The result is after the final norm and, where configured, the D^-0.5 scale: ready
  /// for logits().
  at::Tensor decode(const PackedIds& decoder_inputs, const EncodedRows& encoded,
                    std::span<const std::int64_t> source_rows,
                    const Dropout* dropout = nullptr) const;  // [N_tgt, D]

  const FrozenWeight& head() const;                   ///< [V, D]
  at::Tensor logits(const at::Tensor& hidden) const;  ///< [N, D] -> [N, V] fp32

  /// In the order of linear_groups(config()).
  std::span<LinearGroup* const> groups();
  std::span<const LinearGroup* const> groups() const;
  /// Puts another layer in the place of layer `number` (encoder layers first), which is kept; null brings that back.
  void replace_layer(std::int64_t number, std::shared_ptr<const Layer> layer);
  /// Back to the base: no adapters, no updates, no replaced layers.
  void remove_adapters();
  /// For inference only: gives the frozen weights the layout that the CPU kernels like best, in place of the plain one.
  /// No gradients after that; named_parameters() then makes plain copies.
  void pack_weights();

  /// Every stored tensor under its Hugging Face name; the linears are views into the groups' fused weights.
  NamedTensors named_parameters() const;
  bool has_separate_head() const;
  /// The tensors that own storage: fused group weights, norms, position tables, embedding, head. For training the base
  /// itself.
  NamedTensors storage_parameters() const;

  /// Writes config.json and model.safetensors, which every version of `transformers` reads to the same numbers: a head
  /// of its own whose input is scaled has the scale in its weights afterwards. `dtype` of the file: at::kFloat or
  /// at::kBFloat16.
  void save(const fs::path& directory, at::ScalarType dtype) const;

  const T5Stacks& stacks() const { return *stacks_; }

 private:
  explicit T5Model(T5Weights weights);

  std::unique_ptr<T5Stacks> stacks_;
  std::vector<LinearGroup*> groups_;
};

}  // namespace phatgoose
