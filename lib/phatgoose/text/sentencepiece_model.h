// A sentencepiece model file: pieces, scores and the table of the normaliser. (The library itself hands out neither the
// kinds of all pieces nor that table.)
#pragma once

#include <string>
#include <vector>

#include "phatgoose/base/files.h"

namespace phatgoose {

/// SentencePiece.Type of sentencepiece_model.proto.
enum class PieceKind { normal = 1, unknown = 2, control = 3, user_defined = 4, unused = 5, byte = 6 };

struct SentencePiece {
  std::string text;
  float score = 0;
  PieceKind kind = PieceKind::normal;
};

struct SentencePieceModel {
  std::vector<SentencePiece> pieces;  ///< by id
  std::string character_map;          ///< precompiled_charsmap; empty where the model normalises nothing
  bool byte_fallback = false;
};

/// Missing or damaged file, another model than unigram, a normaliser that treats white space in another way than T5's,
/// or changes what is decoded: bad_data.
SentencePieceModel read_sentencepiece_model(const fs::path& path);

}  // namespace phatgoose
