// A set of strings, searched for those that a text begins with.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phatgoose {

class PrefixTrie {
 public:
  PrefixTrie() = default;
  /// Strings, each with a number that is not negative. Of equal strings the last counts; empty ones are left out.
  explicit PrefixTrie(std::vector<std::pair<std::string, std::int32_t>> entries);

  /// Calls visit(length, number) for every string of the set that `text` begins with, the shortest first.
  template <typename Visit>
  void visit_prefixes(std::string_view text, Visit visit) const {
    std::size_t node = 0;
    for (std::size_t length = 1; length <= text.size(); ++length) {
      node = child(node, static_cast<unsigned char>(text[length - 1]));
      if (node == kNone) return;
      if (nodes_[node].number >= 0) visit(length, nodes_[node].number);
    }
  }

 private:
  static constexpr std::size_t kNone = 0;  // the root is nobody's child

  /// The children of a node lie back to back, in order of their labels.
  struct Node {
    std::int32_t number = -1;
    std::uint32_t first_child = 0, children = 0;
  };

  std::size_t child(std::size_t node, unsigned char label) const;

  std::vector<Node> nodes_ = {Node{}};
  std::vector<unsigned char> labels_ = {0};  // of every node: the last byte of its string
};

}  // namespace phatgoose
