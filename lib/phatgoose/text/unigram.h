// Unigram segmentation (Kudo 2018, arXiv 1804.10959), as the `tokenizers` package computes it: scores are added in
// double precision from the start of a word, and of equal sums the first counts. (sentencepiece adds in single
// precision from the start of the text, so it breaks ties, such as those of repeated characters, otherwise.)
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "phatgoose/text/prefix_trie.h"

namespace phatgoose {

struct ScoredPiece {
  std::string text;
  double score;  ///< log-probability
};

/// A piece of a word.
struct Segment {
  std::int32_t id;
  std::size_t end;  ///< its bytes are those from the end of the piece before it
};

class UnigramModel {
 public:
  /// The id of a piece is its place in the list; of equal pieces the last counts. `unknown` is the id of characters
  /// that no piece covers.
  UnigramModel(const std::vector<ScoredPiece>& pieces, std::int32_t unknown);

  /// The pieces of the highest sum of scores that make up `word` (UTF-8); neighbouring unknown characters are one.
  std::vector<Segment> segment(std::string_view word) const;

 private:
  PrefixTrie trie_;
  std::vector<double> scores_;
  std::int32_t unknown_;
  double unknown_score_;
};

}  // namespace phatgoose
