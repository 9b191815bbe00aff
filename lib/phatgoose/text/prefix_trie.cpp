#include "phatgoose/text/prefix_trie.h"

#include <algorithm>

namespace phatgoose {

PrefixTrie::PrefixTrie(std::vector<std::pair<std::string, std::int32_t>> entries) {
  std::erase_if(entries, [](const auto& entry) { return entry.first.empty(); });
  std::ranges::stable_sort(entries, {}, [](const auto& entry) -> const std::string& { return entry.first; });

  // The nodes by depth; a node's strings are the entries [begin, end), which share their first `depth` bytes.
  struct Range {
    std::size_t begin, end, depth;
  };
  std::vector<Range> ranges = {{0, entries.size(), 0}};
  for (std::size_t node = 0; node < ranges.size(); ++node) {
    auto [begin, end, depth] = ranges[node];
    for (; begin < end && entries[begin].first.size() == depth; ++begin) nodes_[node].number = entries[begin].second;
    nodes_[node].first_child = static_cast<std::uint32_t>(nodes_.size());
    while (begin < end) {
      const char label = entries[begin].first[depth];
      const std::size_t first = begin;
      while (begin < end && entries[begin].first[depth] == label) ++begin;
      ranges.push_back({first, begin, depth + 1});
      nodes_.push_back({});
      labels_.push_back(static_cast<unsigned char>(label));
    }
    nodes_[node].children = static_cast<std::uint32_t>(nodes_.size()) - nodes_[node].first_child;
  }
}

std::size_t PrefixTrie::child(std::size_t node, unsigned char label) const {
  const auto begin = labels_.begin() + nodes_[node].first_child, end = begin + nodes_[node].children;
  const auto found = std::lower_bound(begin, end, label);
  return found == end || *found != label ? kNone : static_cast<std::size_t>(found - labels_.begin());
}

}  // namespace phatgoose
