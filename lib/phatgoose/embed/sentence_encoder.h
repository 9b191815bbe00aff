// Sentence embeddings for retrieval (METHODS section 4, retrieval; section 5): what routing asks of an encoder,
// whichever it is.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "phatgoose/base/files.h"
#include "phatgoose/embed/text_role.h"

namespace phatgoose {

class SentenceEncoder {
 public:
  virtual ~SentenceEncoder() = default;

  /// One row for each text, of length 1, so that the dot product of two rows is their cosine: fp32, on the CPU, without
  /// gradients. No texts give [0, D]. Text beyond max_length() is cut. A row does not depend on the
  /// other texts beyond rounding.
  virtual at::Tensor embed(std::span<const std::string> texts, TextRole role) const = 0;  // [n, D]

  virtual std::int64_t dimension() const = 0;   ///< D
  virtual std::int64_t max_length() const = 0;  ///< tokens of a text, its prompt included, that embed() looks at
  /// Whether the text, with the prompt of its role, has more tokens than that.
  virtual bool cuts(const std::string& text, TextRole role) const = 0;
  /// For results and messages: the name of the encoder's directory, or "base encoder mean".
  virtual std::string name() const = 0;
  /// 16 hexadecimal digits that tell encoders apart: embeddings of two encoders must never be compared.
  virtual std::string fingerprint() const = 0;
};

/// Reads a sentence-transformers directory of BERT (all-MiniLM, bge, e5), MPNet (all-mpnet) or NomicBERT architecture
/// (embed/transformer_encoder.h, embed/transformer_sentence_encoder.cpp). Computes in fp32. A missing file, another
/// architecture, modules or pooling other than ours, wrong shapes and weights that are not finite: bad_data.
std::unique_ptr<SentenceEncoder> load_sentence_encoder(const fs::path& directory, at::Device device);

}  // namespace phatgoose
