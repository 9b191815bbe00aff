#include "phatgoose/store/smallest_base.h"

#include <algorithm>
#include <cstdlib>

namespace phatgoose {
namespace {

/// One more than the largest I in paths "STACK.block.I.…"; 0 where the stack is not adapted.
std::int64_t adapted_blocks(const std::set<std::string>& paths, const std::string& stack) {
  const std::string start = stack + ".block.";
  std::int64_t blocks = 0;
  for (const std::string& path : paths) {
    if (!path.starts_with(start)) continue;
    blocks = std::max<std::int64_t>(blocks, 1 + std::strtoll(path.c_str() + start.size(), nullptr, 10));
  }
  return blocks;
}

}  // namespace

T5Config smallest_base(const std::set<std::string>& paths) {
  const auto is_wi = [](const std::string& path) { return last_name(path) == "wi"; };
  T5Config config;
  config.num_layers = adapted_blocks(paths, "encoder");
  config.num_decoder_layers = adapted_blocks(paths, "decoder");
  config.feed_forward = std::ranges::any_of(paths, is_wi) ? FeedForwardKind::relu : FeedForwardKind::gated_gelu;
  return config;
}

std::string last_name(const std::string& path) { return path.substr(path.rfind('.') + 1); }

}  // namespace phatgoose
