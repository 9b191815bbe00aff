// What a sentence-transformers directory says around its transformer: modules.json, pooling, the maximum length,
// prompts.
#pragma once

#include <cstdint>
#include <optional>

#include "phatgoose/base/files.h"
#include "phatgoose/embed/prompts.h"

namespace phatgoose {

/// How the states of a row's tokens become one vector.
enum class Pooling { mean, first };

struct SentenceEncoderFiles {
  fs::path transformer;  ///< directory of config.json, weights and vocabulary
  Pooling pooling = Pooling::mean;
  std::optional<std::int64_t> dimension;   ///< as the pooling names it
  std::optional<std::int64_t> max_length;  ///< max_seq_length of sentence_bert_config.json
  bool lower_case = false;                 ///< do_lower_case of the same file: before tokenisation
  Prompts prompts;
};

/// Without modules.json the directory is a plain transformer, pooled by the mean. Modules other than Transformer,
/// Pooling and Normalize, other pooling than mean or cls, and one that leaves out the prompts that there are: bad_data.
SentenceEncoderFiles read_sentence_encoder_files(const fs::path& directory);

}  // namespace phatgoose
