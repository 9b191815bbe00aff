// retrieval.safetensors: the sentence embeddings of some of an expert's training inputs (METHODS 4, retrieval).
#pragma once

#include <memory>
#include <string>

#include "phatgoose/store/safetensors.h"

namespace phatgoose {

struct StoredEmbeddings {
  TensorView embeddings;  ///< [n, D] fp32, each row of length 1
  std::string encoder_name, encoder_fingerprint;
  std::shared_ptr<SafetensorsFile> file;  ///< holds the data
};

/// bad_data when the file is none of this kind, is empty, or has NaN, infinite values or rows of another length than 1;
/// `remedy` is the command that makes it again.
StoredEmbeddings read_embeddings(const fs::path& path, const std::string& remedy = {});
/// `embeddings` [n, D] fp32. `provenance`: what they were made from, kept with the encoder in the file's metadata.
void write_embeddings(const fs::path& path, const TensorView& embeddings, const std::string& encoder_name,
                      const std::string& encoder_fingerprint, const std::string& provenance);

}  // namespace phatgoose
