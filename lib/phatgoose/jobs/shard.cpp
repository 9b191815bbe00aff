#include "phatgoose/jobs/shard.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "phatgoose/base/error.h"

namespace phatgoose {
namespace {

std::optional<std::size_t> positive(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) return std::nullopt;
  return number;
}

}  // namespace

Shard parse_shard(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash != std::string::npos) {
    const auto number = positive(std::string_view(text).substr(0, slash));
    const auto count = positive(std::string_view(text).substr(slash + 1));
    if (number && count && *number <= *count) return {.index = *number - 1, .count = *count};
  }
  refuse_usage("--shard", "\"" + text + "\"", "I/N with I from 1 to N, such as 2/3");
}

}  // namespace phatgoose
