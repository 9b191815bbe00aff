#include "phatgoose/text/unigram.h"

#include <algorithm>
#include <limits>

#include "phatgoose/text/unicode.h"

namespace phatgoose {
namespace {

constexpr double kUnknownPenalty = 10;  // below the lowest score

std::vector<std::pair<std::string, std::int32_t>> numbered(const std::vector<ScoredPiece>& pieces) {
  std::vector<std::pair<std::string, std::int32_t>> entries;
  entries.reserve(pieces.size());
  for (const ScoredPiece& piece : pieces) entries.emplace_back(piece.text, static_cast<std::int32_t>(entries.size()));
  return entries;
}

/// The best way to the byte that a node stands for: its last piece, and where that begins.
struct Node {
  double score = 0;
  std::int32_t id = -1;
  std::size_t begin = 0;
};

}  // namespace

UnigramModel::UnigramModel(const std::vector<ScoredPiece>& pieces, std::int32_t unknown)
    : trie_(numbered(pieces)), unknown_(unknown) {
  double lowest = std::numeric_limits<double>::infinity();
  for (const ScoredPiece& piece : pieces) {
    scores_.push_back(piece.score);
    lowest = std::min(lowest, piece.score);
  }
  unknown_score_ = lowest - kUnknownPenalty;
}

std::vector<Segment> UnigramModel::segment(std::string_view word) const {
  std::vector<Node> best(word.size() + 1);
  for (std::size_t begin = 0; begin < word.size();) {
    const std::size_t character = first_character(word.substr(begin)).bytes;
    const auto offer = [&](std::size_t length, std::int32_t id, double score) {
      Node& node = best[begin + length];
      const double sum = score + best[begin].score;
      if (node.id < 0 || sum > node.score) node = {sum, id, begin};
    };
    bool is_known = false;
    trie_.visit_prefixes(word.substr(begin), [&](std::size_t length, std::int32_t id) {
      offer(length, id, scores_[static_cast<std::size_t>(id)]);
      is_known = is_known || length == character;
    });
    if (!is_known) offer(character, unknown_, unknown_score_);
    begin += character;
  }

  std::vector<Segment> segments;
  for (std::size_t end = word.size(); end > 0; end = best[end].begin) {
    const std::int32_t id = best[end].id;
    const bool goes_on = id == unknown_ && !segments.empty() && segments.back().id == unknown_;
    if (!goes_on) segments.push_back({id, end});
  }
  std::ranges::reverse(segments);
  return segments;
}

}  // namespace phatgoose
