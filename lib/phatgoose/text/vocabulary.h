// Trains a sentencepiece vocabulary in T5's layout.
#pragma once

#include <vector>

#include "phatgoose/base/files.h"
#include "phatgoose/base/text_file.h"

namespace phatgoose {

struct VocabularyOptions {
  std::int64_t pieces = 8000;          ///< P, pad, EOS and unk included, sentinels not
  std::int64_t max_lines = 1000000;    ///< lines read from the start of the files; more are not looked at
  double character_coverage = 0.9995;  ///< share of characters that must be representable
  std::size_t max_line_bytes = kMaxLineBytes;
  bool marked = false;  ///< the text marks spans (marked_text.h); the marks are no part of it
};

/// Trains a unigram model (pad 0, eos 1, unk 2, nmt_nfkc normalisation, no byte fallback) on text files, plain or .gz,
/// one document a line, and writes it to `out`/spiece.model. The same files give the same bytes (one thread). Too
/// little text for so many pieces: bad_data.
void train_vocabulary(const std::vector<fs::path>& files, const VocabularyOptions& options, const fs::path& out);

}  // namespace phatgoose
