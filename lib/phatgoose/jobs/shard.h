// --shard: the part of an evaluation that one of several jobs does.
#pragma once

#include <cstddef>
#include <string>

namespace phatgoose {

/// Of every task's passes, in order, those with the numbers `index`, `index` + `count`, and so on: whole passes, so
/// that an answer is the same to the bit whoever computes it, and of all lengths, so that shards take equally long.
struct Shard {
  std::size_t index = 0, count = 1;

  bool has(std::size_t pass) const { return pass % count == index; }
};

/// "2/3" is the second of three; usage error for anything but I/N with I from 1 to N.
Shard parse_shard(const std::string& text);

}  // namespace phatgoose
